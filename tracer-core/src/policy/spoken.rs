//! Calls whose content left as it is: only of those may others say something in words of their own.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::{
    correlate::{SpanId, TraceId},
    llm::call::CallFacts,
};

/// Calls that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// The latest ones.
#[derive(Debug)]
pub(super) struct Spoken(LruCache<(TraceId, SpanId), ()>);

impl Default for Spoken {
    fn default() -> Self {
        Self(LruCache::new(REMEMBERED))
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
        self.0.get(&(trace, span)).is_some()
    }
}
