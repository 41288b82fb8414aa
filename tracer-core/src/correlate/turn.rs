//! What a user asked for, with all calls and tools on the way to the answer.

use super::{
    attempts,
    ids::{SpanId, TraceId},
    known::Known,
    lineage::{Parent, Session},
    repeated::AskedBefore,
    step::Step,
    tools::PendingTool,
};
use crate::{llm::call::CallFacts, segment::ProcessKey, time::Timestamp};

/// Number of a turn, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TurnNumber(pub(super) u64);

/// A turn under way.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) process: ProcessKey,
    pub(super) trace: TraceId,
    /// Its own span, if it gets one.
    pub(super) root: SpanId,
    pub(super) above: Above,
    /// The tool that it does the work of, and the turn that asked for that.
    pub(super) work_of: Option<(TurnNumber, SpanId)>,
    /// It gets a span: there is more in it than one call.
    pub(super) has_root: bool,
    pub(super) session: Option<Session>,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// Its calls only pass on what the process serves: whose turn that is, the client tells.
    pub(super) is_hop: bool,
    /// Calls that have not ended.
    pub(super) under_way: u32,
    pub(super) calls: u64,
    pub(super) tool_calls: u64,
    /// Tools that have not given anything yet.
    pub(super) pending: Vec<PendingTool>,
    /// Some tool has.
    pub(super) has_results: bool,
    /// All that were asked for.
    pub(super) asked_before: AskedBefore,
    /// Calls that failed and may be tried again.
    pub(super) attempts: u32,
    /// The last call was answered for good.
    pub(super) is_over: bool,
    /// Why the last call failed.
    pub(super) error: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) agent: Option<String>,
}

/// What a turn is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// Nothing that is known.
    Nothing,
    /// A span of ours: a tool, a call that the process serves. The turn gets its own span below it.
    Span(Parent),
    /// A span of the application's own, which stands for the turn.
    Caller(Parent),
}

impl Turn {
    /// What its calls are part of.
    pub(super) fn parent(&self) -> Option<Parent> {
        match self.above {
            Above::Caller(parent) => Some(parent),
            _ if self.has_root => Some(Parent {
                span: self.root,
                is_remote: false,
                known: Known::derived("turn"),
            }),
            Above::Span(parent) => Some(parent),
            Above::Nothing => None,
        }
    }

    /// There is more in it than one call: it gets a span, unless the application's stands for it.
    pub(super) fn grow(&mut self) {
        self.has_root = !matches!(self.above, Above::Caller(_));
    }

    /// A call of it is over, which is of this trace: of calls of another one, which a caller may trace for
    /// itself, it says nothing.
    pub(super) fn answered(&mut self, call: &CallFacts, trace: TraceId) {
        self.under_way = self.under_way.saturating_sub(1);
        self.end = self.end.max(call.timing.end);
        self.error = attempts::told_in(self.trace, trace, attempts::reason(&call.outcome));
        if self.provider.is_none() && trace == self.trace {
            self.provider = Some(call.provider.0.clone().into_owned());
        }
    }

    /// The spans of tools that nobody waits for any more, of those that others stand below.
    pub(super) fn left(&self, tools: Vec<PendingTool>) -> Vec<Step> {
        let tools = tools.into_iter().filter(|tool| tool.is_parent);
        tools.map(|tool| tool.step(self, None, self.end)).collect()
    }

    /// Nothing of it is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        self.under_way == 0 && self.pending.is_empty() && self.attempts == 0
    }
}
