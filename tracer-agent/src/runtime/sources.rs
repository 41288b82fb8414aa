//! What the driver asks of a probed file.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use prometheus_client::metrics::counter::Counter;

/// Probed files by their number; shared with the driver.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<Mutex<HashMap<u16, Source>>>);

#[derive(Debug)]
struct Source {
    calls: Counter,
    /// See [`ProbePlan::sends_in_order`](crate::capture::plan::ProbePlan::sends_in_order).
    sends_in_order: bool,
}

impl Sources {
    /// Counts a call on a connection that was first seen through file number `source`.
    pub fn count_call(&self, source: u16) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = known.get(&source) {
            source.calls.inc();
        }
    }

    /// Whether the sockets of connections that were first seen through file number `source` may be told
    /// by order and length.
    pub fn sends_in_order(&self, source: u16) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&source)
            .is_none_or(|source| source.sends_in_order)
    }

    pub(super) fn insert(&self, source: u16, calls: Counter, sends_in_order: bool) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(
                source,
                Source {
                    calls,
                    sends_in_order,
                },
            );
    }

    pub(super) fn remove(&self, source: u16) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&source);
    }
}
