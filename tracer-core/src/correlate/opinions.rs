//! Calls whose answers are judgements of the answers of others.
//!
//! Who judges is given what it judges: the whole answer of the one call stands in what the other asks.
//! That is likely to be a judgement, and never sure. Where several answers stand in it, which of them is
//! meant is not clear: a comparison, a conversation, a text that many gave. Then nothing is told.

use std::sync::Arc;

use super::{
    asking::is_chat,
    correlator::Correlator,
    known::Known,
    lineage::{Lineage, Link, Relation},
    memory::{Earlier, Mark, Seeker},
    quotes::Quote,
};
use crate::{
    evaluation::{Evaluation, Quoted, Verdict},
    llm::{
        call::{CallFacts, Outcome},
        content::Judging,
    },
};

/// Bytes of an answer that another process than the one which was given it may quote: shorter ones are
/// given to many.
const TELLING: u64 = 64;

impl Correlator {
    /// A call is over whose answer looks like a judgement: what it says of the answer of another call, if
    /// it was given one.
    pub(super) fn opine(
        &mut self,
        facts: &CallFacts,
        judging: Judging,
        lineage: &mut Lineage,
    ) -> Option<Evaluation> {
        if !is_chat(facts.operation) || facts.outcome != Outcome::Success {
            return None;
        }
        let quotes = self.quotes.find(&judging.texts);
        let judged = self.only_quoted(&quotes, facts, lineage)?;
        let known = Known::inferred("quoted_answer");
        let evaluation = Evaluation::judged(&judging.opinion, known);
        self.verdicts.push(Verdict {
            process: judged.process(),
            trace: judged.trace,
            span: judged.span,
            response_id: None,
            time: facts.timing.end,
            evaluation: Evaluation {
                origin: Some(lineage.trace),
                ..evaluation.clone()
            },
            reason: judging.opinion.reason.map(|text| Quoted {
                text,
                trace: lineage.trace,
                span: lineage.span,
            }),
        });
        lineage.links.push(Link {
            trace: judged.trace,
            span: judged.span,
            relation: Relation::Uses,
            known,
        });
        Some(Evaluation {
            origin: Some(judged.trace),
            ..evaluation
        })
    }

    /// The call whose answer is quoted, if it is the only one.
    fn only_quoted(
        &mut self,
        quotes: &[Quote],
        facts: &CallFacts,
        lineage: &Lineage,
    ) -> Option<Arc<Earlier>> {
        let seeker = Seeker::of_call(facts, lineage);
        let mut judged: Option<Arc<Earlier>> = None;
        for quote in quotes {
            let (call, _) = self.memory.find(Mark::Answered(quote.text), seeker)?;
            // What was answered later was not quoted.
            if call.end > facts.timing.start {
                continue;
            }
            let is_near = call.process() == facts.connection.process || quote.bytes >= TELLING;
            if !is_near {
                continue;
            }
            match &judged {
                Some(before) if before.span != call.span => return None,
                _ => judged = Some(call),
            }
        }
        judged
    }
}
