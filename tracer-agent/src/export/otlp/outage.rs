//! Whether a collector takes what it is sent, and why not: said once when it stops, once when it
//! resumes.

use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::metrics::counter::Counter;

use crate::printable::Printable;

/// Watches the attempts of one signal.
#[derive(Debug)]
pub(super) struct Outage {
    signal: &'static str,
    endpoint: String,
    attempts: Counter,
    /// Attempts fail, and are repeated.
    away: AtomicBool,
    /// Requests are refused for good, whole or in part.
    refusing: AtomicBool,
}

impl Outage {
    pub(super) fn new(signal: &'static str, endpoint: String, attempts: Counter) -> Self {
        Self {
            signal,
            endpoint,
            attempts,
            away: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
        }
    }

    /// A request goes out.
    pub(super) fn attempt(&self) {
        self.attempts.inc();
    }

    /// An attempt failed, and there will be another.
    pub(super) fn failed(&self, reason: &str) {
        if !self.away.swap(true, Ordering::Relaxed) {
            let (endpoint, signal, reason) = (&self.endpoint, self.signal, Printable(reason));
            tracing::warn!(
                "the collector at {endpoint} does not take {signal}: {reason}; keeping them, up to a bound, and trying again"
            );
        }
    }

    /// An export was taken.
    pub(super) fn delivered(&self) {
        let was_away = self.away.swap(false, Ordering::Relaxed);
        let was_refusing = self.refusing.swap(false, Ordering::Relaxed);
        if was_away || was_refusing {
            tracing::info!(
                "the collector at {} takes {} again",
                self.endpoint,
                self.signal
            );
        }
    }

    /// An export was refused for good: what it held is lost.
    pub(super) fn refused(&self, reason: &str) {
        self.away.store(false, Ordering::Relaxed);
        if !self.refusing.swap(true, Ordering::Relaxed) {
            let (endpoint, signal, reason) = (&self.endpoint, self.signal, Printable(reason));
            tracing::warn!(
                "the collector at {endpoint} refuses {signal}, which are lost: {reason}"
            );
        }
    }

    /// An export was taken but for `rejected` items, which are lost.
    pub(super) fn rejected(&self, rejected: u64, reason: &str) {
        self.away.store(false, Ordering::Relaxed);
        if !self.refusing.swap(true, Ordering::Relaxed) {
            let (endpoint, signal, reason) = (&self.endpoint, self.signal, Printable(reason));
            tracing::warn!(
                "the collector at {endpoint} rejects {rejected} of its {signal}, which are lost: {reason}"
            );
        }
    }
}
