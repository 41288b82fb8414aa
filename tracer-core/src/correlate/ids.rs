//! Ids of traces and spans, from a keyed hash: whoever needs one can have it before the span exists.

use std::hash::{BuildHasher as _, Hash, RandomState};

/// Id of a trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub u128);

/// Id of a span; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub u64);

/// Makes ids.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// New with every start: ids of different runs and hosts must not meet.
    keys: RandomState,
}

#[derive(Hash)]
enum Part {
    Span,
    TraceHigh,
    TraceLow,
}

impl Ids {
    /// The span of something.
    pub(super) fn span(&self, of: impl Hash) -> SpanId {
        SpanId(self.keys.hash_one((Part::Span, of)).max(1))
    }

    /// The trace that begins with something.
    pub(super) fn trace(&self, of: impl Hash) -> TraceId {
        let high = u128::from(self.keys.hash_one((Part::TraceHigh, &of)));
        let low = u128::from(self.keys.hash_one((Part::TraceLow, &of)));
        TraceId(((high << 64) | low).max(1))
    }
}
