//! What became of the calls of traces: what stands beside them follows.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::segment::ProcessKey;

/// Traces that are remembered, and processes in them.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// What became of the calls of one trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TraceFate {
    /// Of one nothing may leave: names in what it is part of may be its own.
    pub(super) withheld: bool,
    /// One is kept in any case: so are those that follow.
    pub(super) kept: bool,
}

/// The latest traces.
#[derive(Debug)]
pub(super) struct Traces {
    fates: LruCache<u128, TraceFate>,
    /// Of which processes calls have left: what those calls are part of is wanted. A trace may go through
    /// a process of which nothing leaves.
    left: LruCache<(u128, ProcessKey), ()>,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            fates: LruCache::new(REMEMBERED),
            left: LruCache::new(REMEMBERED),
        }
    }
}

impl Traces {
    /// What is known of a trace; of one that was forgotten nothing.
    pub(super) fn fate(&mut self, trace: u128) -> TraceFate {
        self.fates.get(&trace).copied().unwrap_or_default()
    }

    /// The same, to be changed.
    pub(super) fn fate_mut(&mut self, trace: u128) -> &mut TraceFate {
        self.fates.get_or_insert_mut(trace, TraceFate::default)
    }

    /// A call of a process has left.
    pub(super) fn leaves(&mut self, trace: u128, process: ProcessKey) {
        self.left.put((trace, process), ());
    }

    /// Whether one of that process has.
    pub(super) fn has_left(&mut self, trace: u128, process: ProcessKey) -> bool {
        self.left.get(&(trace, process)).is_some()
    }
}
