//! What was delivered, and what was not.

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{label::Labels, registry};

/// Counters of all outputs.
#[derive(Debug, Default)]
pub struct ExportMetrics {
    sent: Family<Labels<2>, Counter>,
    failed: Family<Labels<2>, Counter>,
    dropped: Family<Labels<2>, Counter>,
    content_dropped: Family<Labels<2>, Counter>,
    attempts: Family<Labels<2>, Counter>,
    queued: Family<Labels<2>, Gauge>,
    queued_bytes: Family<Labels<2>, Gauge>,
    /// Observed processes whose histograms are kept.
    pub processes: Gauge,
}

/// Counters of one signal of one output, without a lock.
#[derive(Debug, Clone)]
pub struct SignalMetrics {
    /// Items delivered.
    pub sent: Counter,
    /// Items refused, or not delivered before the end.
    pub failed: Counter,
    /// Items dropped for want of room.
    pub dropped: Counter,
    /// Items that went on without their content.
    pub content_dropped: Counter,
    /// Requests made, retries included.
    pub attempts: Counter,
}

/// Gauges of one queue, without a lock.
#[derive(Debug, Clone, Default)]
pub struct QueueMetrics {
    /// Items waiting.
    pub items: Gauge,
    /// Their estimated memory, bytes.
    pub bytes: Gauge,
}

impl ExportMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self::default();
        registry::EXPORT_SENT.register(to, &metrics.sent);
        registry::EXPORT_FAILED.register(to, &metrics.failed);
        registry::EXPORT_DROPPED.register(to, &metrics.dropped);
        registry::EXPORT_CONTENT_DROPPED.register(to, &metrics.content_dropped);
        registry::EXPORT_ATTEMPTS.register(to, &metrics.attempts);
        registry::EXPORT_QUEUED_ITEMS.register(to, &metrics.queued);
        registry::EXPORT_QUEUED_BYTES.register(to, &metrics.queued_bytes);
        registry::EXPORT_PROCESSES.register(to, &metrics.processes);
        metrics
    }

    /// The counters of one signal of one output, for instance `otlp` and `traces`.
    pub fn signal(&self, output: &str, signal: &str) -> SignalMetrics {
        let series = registry::EXPORT_SENT.series([output, signal]);
        SignalMetrics {
            sent: self.sent.get_or_create_owned(&series),
            failed: self.failed.get_or_create_owned(&series),
            dropped: self.dropped.get_or_create_owned(&series),
            content_dropped: self.content_dropped.get_or_create_owned(&series),
            attempts: self.attempts.get_or_create_owned(&series),
        }
    }

    /// The gauges of the queue in front of one signal of one output.
    pub fn queue(&self, output: &str, signal: &str) -> QueueMetrics {
        let series = registry::EXPORT_QUEUED_ITEMS.series([output, signal]);
        QueueMetrics {
            items: self.queued.get_or_create_owned(&series),
            bytes: self.queued_bytes.get_or_create_owned(&series),
        }
    }
}
