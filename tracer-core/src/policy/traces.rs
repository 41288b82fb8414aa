//! What became of the calls of traces: what stands beside them follows.

use crate::{correlate::SpanId, latest::Latest, llm::call::CallFacts, segment::ProcessKey};

/// Traces that are remembered, processes in them, and calls that left.
const REMEMBERED: usize = 16_384;

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
    fates: Latest<u128, TraceFate>,
    /// Of which processes calls have left: what those calls are part of is wanted. A trace may go through
    /// a process of which nothing leaves.
    left: Latest<(u128, ProcessKey), ()>,
    /// Calls of which something may be said, and whether they have left themselves: those that are not of
    /// the sample have not.
    spans: Latest<SpanId, bool>,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            fates: Latest::new(REMEMBERED),
            left: Latest::new(REMEMBERED),
            spans: Latest::new(REMEMBERED),
        }
    }
}

impl Traces {
    /// Whether nothing of a trace was held back; of one that was forgotten, nobody knows.
    pub(super) fn may_tell_of(&mut self, trace: u128) -> bool {
        self.fates
            .get_mut(&trace)
            .is_some_and(|fate| !fate.withheld)
    }

    /// What became of a trace, to be changed.
    pub(super) fn fate_mut(&mut self, trace: u128) -> &mut TraceFate {
        self.fates.get_or_insert_with(trace, TraceFate::default)
    }

    /// A call is not held back; it leaves, if it is of the sample.
    pub(super) fn passes(&mut self, trace: u128, call: &CallFacts, is_sampled: bool) {
        if is_sampled {
            self.left.put((trace, call.connection.process), ());
        }
        if let Some(lineage) = &call.lineage {
            self.spans.put(lineage.span, is_sampled);
        }
    }

    /// Whether this call has left.
    pub(super) fn has_left_itself(&mut self, span: SpanId) -> bool {
        self.spans.get_mut(&span).is_some_and(|left| *left)
    }

    /// Whether a name that this call gave may be told: it was not held back, and is not under way any more.
    pub(super) fn may_name(&mut self, span: SpanId) -> bool {
        self.spans.get_mut(&span).is_some()
    }

    /// Whether a call of that process has.
    pub(super) fn has_left(&mut self, trace: u128, process: ProcessKey) -> bool {
        self.left.contains(&(trace, process))
    }
}
