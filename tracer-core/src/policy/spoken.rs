//! Calls whose content left as it is: only of those may others say something in words of their own.

use crate::{
    correlate::{SpanId, TraceId},
    latest::Latest,
    llm::call::CallFacts,
};

/// Calls that are remembered.
const REMEMBERED: usize = 16_384;

/// The latest ones.
#[derive(Debug)]
pub(super) struct Spoken(Latest<(TraceId, SpanId), ()>);

impl Default for Spoken {
    fn default() -> Self {
        Self(Latest::new(REMEMBERED))
    }
}

impl Spoken {
    /// The content of a call leaves as it is.
    pub(super) fn note(&mut self, call: &CallFacts) {
        if let Some(lineage) = &call.lineage {
            self.0.put((lineage.trace, lineage.span), ());
        }
    }

    /// Whether that of this call has.
    pub(super) fn has(&mut self, trace: TraceId, span: SpanId) -> bool {
        self.0.contains(&(trace, span))
    }
}
