//! What is asked again: calls, and tools with the arguments that they had before.

use std::{collections::HashSet, time::Duration};

use lru::LruCache;

use super::{asking::Asking, ids::TraceId, known::Known, tools::PendingTool};
use crate::{
    evaluation::{Check, Evaluation},
    llm::content::{digest, join},
    time::Timestamp,
};

/// Calls that are remembered.
const CALLS: usize = 4096;
/// How long after an answer the same request counts as one that is repeated.
const AGAIN: Duration = Duration::from_mins(1);
/// Tools of one turn that are remembered.
const TOOLS: usize = 256;

/// Requests that were answered, by digests of all that was asked.
#[derive(Debug)]
pub(super) struct Answered(LruCache<u64, (Timestamp, TraceId)>);

impl Default for Answered {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl Answered {
    /// What a request is known by: who asks whom for what.
    pub(super) fn key(asking: &Asking<'_>) -> Option<u64> {
        let place = join(asking.process().0, asking.target);
        asking.is_chat().then(|| Some(join(place, asking.body?)))?
    }

    /// A request was answered; returns the trace of the call in which it had been shortly before it was
    /// made. Requests that are made beside each other are more than one attempt to get the best of them.
    pub(super) fn answered(
        &mut self,
        key: u64,
        (start, end): (Timestamp, Timestamp),
        trace: TraceId,
    ) -> Option<TraceId> {
        let before = self.0.put(key, (end, trace));
        while self.0.len() > CALLS {
            self.0.pop_lru();
        }
        let is_again = |end: Timestamp| end <= start && start <= end.after(AGAIN);
        before.and_then(|(end, trace)| is_again(end).then_some(trace))
    }
}

/// Tools that a turn has asked for, with their arguments.
#[derive(Debug, Default)]
pub(super) struct AskedBefore(HashSet<u64>);

impl AskedBefore {
    /// Notes the tools of an answer in the turn, which is of this trace; what was asked for before is an evaluation of it.
    pub(super) fn note(&mut self, tools: &[PendingTool], trace: TraceId) -> Option<Evaluation> {
        let mut repeated = None;
        for pending in tools {
            let tool = &pending.tool;
            let (Some(name), Some(arguments)) = (&tool.name, tool.arguments.value) else {
                continue;
            };
            let is_full = self.0.len() >= TOOLS;
            let key = join(digest(name), arguments);
            let is_new = !is_full && self.0.insert(key);
            if !is_new && self.0.contains(&key) {
                repeated.get_or_insert(name);
            }
        }
        let known = Known::derived("tool_arguments");
        let name = repeated?.clone();
        let mut evaluation = Evaluation::fails(Check::RepeatedToolCall, known);
        evaluation.tool = Some(name);
        evaluation.origin = Some(trace);
        Some(evaluation)
    }
}
