//! The earlier call that one goes on from, by what it says and by ids.

use std::{sync::Arc, time::Duration};

use super::{
    asking::Asking,
    correlator::Correlator,
    known::Known,
    lineage::{Relation, Session},
    memory::{Earlier, Mark},
};
use crate::llm::call::Operation;

/// How many answers of a request are looked for: a conversation that went on elsewhere from an
/// earlier one than these is a new one.
const ANSWERS: usize = 32;

/// How long after a text was looked up, embedded or judged it may be asked.
const PREPARED: Duration = Duration::from_mins(1);

/// The mark of a text.
type MarkOf = fn(u64) -> Mark<'static>;

/// The end of an id that is drawn has no fewer characters; that of one which is counted has.
const DRAWN: usize = 8;

/// What a call goes on from.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) earlier: Arc<Earlier>,
    pub(super) known: Known,
    /// It is the last answer that the request has, not one before it.
    pub(super) is_last: bool,
}

impl Correlator {
    /// The call that this one goes on from.
    pub(super) fn find(&mut self, asking: &Asking<'_>) -> Option<Found> {
        let seeker = asking.seeker();
        if let Some(id) = asking.previous_response_id
            && let Some((earlier, is_sure)) = self.memory.find(Mark::Response(id), seeker)
        {
            let known = match is_sure {
                true => Known::observed("previous_response_id"),
                false => Known::inferred("previous_response_id"),
            };
            return Some(Found {
                earlier,
                known,
                is_last: true,
            });
        }
        let trail = asking.trail?;
        for (tip, behind) in trail.answers.iter().rev().zip(0..ANSWERS) {
            if let Some((earlier, is_sure)) = self.memory.find(Mark::Tip(*tip), seeker) {
                let known = match behind {
                    0 if is_sure => Known::derived("messages"),
                    _ => Known::inferred("messages"),
                };
                return Some(Found {
                    earlier,
                    known,
                    is_last: behind == 0,
                });
            }
        }
        let ids = trail
            .results
            .iter()
            .filter_map(|result| result.id.as_deref());
        for id in ids {
            if let Some((earlier, is_sure)) = self.memory.find(Mark::Tool(id), seeker) {
                let is_drawn = is_drawn(id);
                if !is_drawn && earlier.process() != asking.process() {
                    continue;
                }
                let known = match is_sure && is_drawn {
                    true => Known::derived("tool_call_id"),
                    false => Known::inferred("tool_call_id"),
                };
                return Some(Found {
                    earlier,
                    known,
                    is_last: true,
                });
            }
        }
        None
    }

    /// An earlier call of the process with the same text.
    pub(super) fn text_of(&mut self, asking: &Asking<'_>) -> Option<(Arc<Earlier>, Relation)> {
        let seeker = asking.seeker();
        // A text is embedded, then looked up, then asked: the last of these is what it goes on from.
        let (marks, relation): (&[MarkOf], _) = match asking.operation {
            Operation::Embeddings | Operation::Moderation => (&[Mark::Answered], Relation::Uses),
            Operation::Retrieval => (&[Mark::Prepared], Relation::PreparedBy),
            _ if asking.is_chat() || asking.operation == Operation::Rerank => {
                (&[Mark::Sought, Mark::Prepared], Relation::PreparedBy)
            }
            _ => return None,
        };
        let texts = &asking.trail?.texts;
        let mut found = marks
            .iter()
            .flat_map(|mark| texts.iter().map(|text| mark(*text)));
        let (earlier, is_sure) = found.find_map(|mark| self.memory.find(mark, seeker))?;
        let is_recent = relation == Relation::Uses || asking.start <= earlier.end.after(PREPARED);
        let is_it = is_sure && is_recent && earlier.process() == asking.process();
        is_it.then_some((earlier, relation))
    }
}

impl Found {
    /// The session of what a call goes on from.
    pub(super) fn session(&self) -> Option<Session> {
        let before = self.earlier.session.as_ref()?;
        Some(before.handed_on(self.known))
    }
}

/// Whether nobody else draws the same id: `call_0` and `functions.search:0` are everybody's.
fn is_drawn(id: &str) -> bool {
    let end = id.rsplit(['_', '-', '.', ':']).next();
    end.is_some_and(|end| end.len() >= DRAWN)
}
