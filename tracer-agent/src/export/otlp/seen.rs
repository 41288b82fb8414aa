//! What is seen of an attempt beside the result of its exporter.
//!
//! The exporters of `opentelemetry-otlp` return "taken" or "failed". Over HTTP our client under the
//! exporter sees the answer; over gRPC the exporter tells the rest in its logs.

use std::sync::{Arc, Mutex, PoisonError};

use super::answer::{Answer, Failure};

/// Shared by one exporter, what looks at its attempts, and who asks for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Attempt>>);

/// One attempt; what was not seen is empty.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// What the collector said of a request that it took.
    pub(super) answer: Answer,
    /// Over HTTP: why it failed.
    pub(super) failure: Option<Failure>,
    /// Over gRPC: what the status that it failed with held beside its code.
    pub(super) status: Status,
}

/// A gRPC status without its code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) message: String,
    pub(super) details: Vec<u8>,
}

impl Seen {
    /// Adds to the attempt under way.
    pub(super) fn note(&self, change: impl FnOnce(&mut Attempt)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The attempt that ended; the next one begins.
    pub(super) fn take(&self) -> Attempt {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
