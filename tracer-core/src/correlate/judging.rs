//! Judgements of texts by moderation calls, and the calls that asked or answered those texts.
//!
//! A text is judged before it is asked, beside it, or after it was answered; whichever call ends last
//! finds the other. What joins them is the digest of the whole text. A judgement is given to as many
//! calls as there were judgements of the text: of two users who ask the same, each has their own.

use std::time::Duration;

use lru::LruCache;

use super::{
    asking::is_chat,
    correlator::Correlator,
    known::Known,
    lineage::Lineage,
    memory::{Mark, Seeker},
};
use crate::{
    evaluation::{Evaluation, Findings, Target, Verdict},
    llm::{
        call::{CallFacts, Operation, Outcome},
        content::{join, trail::Marks},
    },
    segment::ProcessKey,
    time::Timestamp,
};

/// Texts that were judged, and not asked yet.
const JUDGED: usize = 4096;
/// How long before or after a text is asked it may be judged.
const BESIDE: Duration = Duration::from_mins(1);
/// Texts of one call that are looked for.
const TEXTS: usize = 16;

/// Texts that were judged and not asked yet.
#[derive(Debug)]
pub(super) struct Judgements(LruCache<u64, Judgement>);

#[derive(Debug)]
struct Judgement {
    evaluation: Evaluation,
    /// How many there are.
    count: u32,
    time: Timestamp,
}

impl Default for Judgements {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl Judgements {
    fn add(&mut self, key: u64, evaluation: Evaluation, time: Timestamp) {
        let before = self.0.pop(&key);
        let is_same = |before: &Judgement| {
            before.evaluation.says_as(&evaluation) && time <= before.time.after(BESIDE)
        };
        let count = before.filter(is_same).map_or(0, |before| before.count);
        self.0.put(
            key,
            Judgement {
                evaluation,
                count: count.saturating_add(1),
                time,
            },
        );
        while self.0.len() > JUDGED {
            self.0.pop_lru();
        }
    }

    /// The judgement of a text that is asked by a call from `start` on.
    fn take(&mut self, key: u64, start: Timestamp) -> Option<Evaluation> {
        let judgement = self.0.get_mut(&key)?;
        judgement.count = judgement.count.saturating_sub(1);
        let evaluation = judgement.evaluation.clone();
        let is_recent = start <= judgement.time.after(BESIDE);
        if judgement.count == 0 || !is_recent {
            self.0.pop(&key);
        }
        is_recent.then_some(evaluation)
    }
}

impl Correlator {
    /// A call is over that may judge texts, or whose texts may be judged.
    pub(super) fn judge(&mut self, facts: &CallFacts, marks: Option<&Marks>, lineage: &Lineage) {
        let Some(asked) = marks.and_then(|marks| marks.asked.as_ref()) else {
            return;
        };
        let texts = asked.texts.iter().copied().take(TEXTS);
        if facts.operation == Operation::Moderation {
            if let Some(findings) = facts.response.findings.as_deref() {
                self.judged(facts, findings, &asked.texts, lineage);
            }
        } else if is_chat(facts.operation) && facts.outcome == Outcome::Success {
            for text in texts {
                let key = of_process(facts.connection.process, text);
                let judged = self.judgements.take(key, facts.timing.start);
                self.found
                    .extend(judged.map(|judged| judged.of(Some(Target::Input))));
            }
        }
    }

    /// Texts were judged.
    fn judged(&mut self, facts: &CallFacts, findings: &Findings, texts: &[u64], lineage: &Lineage) {
        let judged = findings.judged.len();
        // Texts that are too short to be told apart are not among them: only then it is clear which
        // judgement is whose.
        let item_of = |at: usize| match judged {
            1 => Some(0),
            _ => (judged == texts.len()).then_some(at),
        };
        for (at, text) in texts.iter().enumerate().take(TEXTS) {
            let known = Known::derived("text");
            let evaluation = item_of(at).and_then(|item| findings.evaluation(item, known));
            if let Some(mut evaluation) = evaluation {
                evaluation.origin = Some(lineage.trace);
                self.judged_text(facts, *text, evaluation, lineage);
            }
        }
    }

    fn judged_text(
        &mut self,
        facts: &CallFacts,
        text: u64,
        evaluation: Evaluation,
        lineage: &Lineage,
    ) {
        let seeker = Seeker::of_call(facts, lineage);
        let process = facts.connection.process;
        let sides = [
            (Mark::Answered(text), Target::Output),
            (Mark::Asked(text), Target::Input),
        ];
        for (mark, target) in sides {
            let Some((call, is_sure)) = self.memory.find(mark, seeker) else {
                continue;
            };
            let is_beside =
                target == Target::Output || facts.timing.start <= call.end.after(BESIDE);
            if call.process() != process || !is_beside || call.span == lineage.span {
                continue;
            }
            let mut evaluation = evaluation.of(Some(target));
            if !is_sure {
                evaluation.known = Known::inferred("text");
            }
            self.verdicts.push(Verdict {
                process,
                trace: call.trace,
                span: call.span,
                response_id: None,
                time: facts.timing.end,
                evaluation,
                reason: None,
            });
            return;
        }
        let key = of_process(process, text);
        self.judgements.add(key, evaluation, facts.timing.end);
    }
}

/// A text that a process asks.
const fn of_process(process: ProcessKey, text: u64) -> u64 {
    join(process.0, text)
}
