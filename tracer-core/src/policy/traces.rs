//! What became of the calls of traces: what stands beside them follows.

use std::num::NonZeroUsize;

use lru::LruCache;

/// Traces that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// What became of the calls of one trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TraceFate {
    /// One has left: what it is part of is wanted.
    pub(super) left: bool,
    /// Of one nothing may leave: names in what it is part of may be its own.
    pub(super) withheld: bool,
    /// One is kept in any case: so are those that follow.
    pub(super) kept: bool,
}

/// The latest traces.
#[derive(Debug)]
pub(super) struct Traces(LruCache<u128, TraceFate>);

impl Default for Traces {
    fn default() -> Self {
        Self(LruCache::new(REMEMBERED))
    }
}

impl Traces {
    /// What is known of a trace; of one that was forgotten nothing.
    pub(super) fn fate(&mut self, trace: u128) -> TraceFate {
        self.0.get(&trace).copied().unwrap_or_default()
    }

    /// The same, to be changed.
    pub(super) fn fate_mut(&mut self, trace: u128) -> &mut TraceFate {
        self.0.get_or_insert_mut(trace, TraceFate::default)
    }
}
