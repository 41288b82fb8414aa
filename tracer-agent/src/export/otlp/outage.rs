//! Whether a collector takes what it is sent: said once when it stops, once when it resumes.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use prometheus_client::metrics::counter::Counter;

/// Watches the attempts of one signal. The exporters retry inside themselves; the transport tells
/// each attempt, the worker each result.
#[derive(Debug)]
pub(super) struct Outage {
    signal: &'static str,
    endpoint: String,
    attempts: Counter,
    attempts_in_export: AtomicU32,
    away: AtomicBool,
    refusing: AtomicBool,
}

impl Outage {
    pub(super) fn new(signal: &'static str, endpoint: String, attempts: Counter) -> Self {
        Self {
            signal,
            endpoint,
            attempts,
            attempts_in_export: AtomicU32::new(0),
            away: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
        }
    }

    /// A request goes out. The second one of an export means that the first found nobody.
    pub(super) fn attempt(&self) {
        self.attempts.inc();
        let before = self.attempts_in_export.fetch_add(1, Ordering::Relaxed);
        if before == 1 && !self.away.swap(true, Ordering::Relaxed) {
            let Self {
                signal, endpoint, ..
            } = self;
            tracing::warn!(
                "the collector at {endpoint} does not take {signal}; keeping them, up to a bound, and trying again"
            );
        }
    }

    /// An export was taken.
    pub(super) fn delivered(&self) {
        self.attempts_in_export.store(0, Ordering::Relaxed);
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
    pub(super) fn refused(&self, error: &dyn std::error::Error) {
        self.attempts_in_export.store(0, Ordering::Relaxed);
        if !self.refusing.swap(true, Ordering::Relaxed) {
            let Self {
                signal, endpoint, ..
            } = self;
            tracing::warn!("the collector at {endpoint} refuses {signal}, which are lost: {error}");
        }
    }
}
