//! Runs that may go on for hours after their call was answered.
//!
//! A call in the background is answered before the model has run, and is reported then. Its tokens,
//! its tool calls and its error come with a later fetch of the stored answer, and with every further
//! fetch again: the first fetch that tells the end of a run is reported, and no other. Bias: what is
//! fetched of a run that nobody saw begin (before the agent came, on another host, too many runs ago)
//! is not reported, for it may have been told already; that costs the tokens of such a run.
//!
//! Runs that are over in seconds wait for their end instead: see
//! [`Unfinished`](crate::llm::unfinished::Unfinished).

use lru::LruCache;

use crate::{
    detect::Role,
    llm::call::{CallFacts, Operation, Outcome},
};

/// Runs that are remembered; the one that began first is forgotten first.
const KEPT: usize = 1024;

/// Runs whose end nobody has told, by the side that saw them begin.
#[derive(Debug)]
pub(super) struct BackgroundRuns(LruCache<(Role, String), ()>);

impl Default for BackgroundRuns {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl BackgroundRuns {
    /// Whether a call has anything to report: all have, but fetches that tell no run's end.
    pub(super) fn admit(&mut self, call: &CallFacts) -> bool {
        let Some(id) = call.response.id.as_deref() else {
            return call.operation != Operation::FetchResponse;
        };
        let run = || (call.role, id.to_owned());
        if call.operation == Operation::FetchResponse {
            return tells_an_end(call) && self.0.pop(&run()).is_some();
        }
        if call.response.is_pending {
            self.0.put(run(), ());
            while self.0.len() > KEPT {
                self.0.pop_lru();
            }
        }
        true
    }
}

fn tells_an_end(call: &CallFacts) -> bool {
    let failed = matches!(call.outcome, Outcome::Failed { .. });
    !call.response.is_pending && (call.usage != Default::default() || failed)
}
