//! What the kernel handed over, and what it did not.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use tracer_core::{socket::SocketConfidence, verdict::Verdict};

use super::{
    label::{ByLabel, labels},
    registry,
};

labels! {
    /// Why bytes or events were lost.
    LossReason {
        /// The ring buffer was full.
        RingFull = "ring_full",
        /// The memory of the process could not be read at that moment.
        MemoryFault = "memory_fault",
        /// The table of connections had no room or dropped the entry.
        NoState = "no_state",
        /// A socket moved them by `sendfile`, `splice`, `sendmmsg` or io_uring, whose buffers are not
        /// known.
        NoBuffer = "no_buffer",
    }
}

labels! {
    /// How a connection was judged.
    VerdictLabel {
        /// Not LLM traffic, or the server's side of it.
        Ignore = "ignore",
        /// Hardly LLM traffic: only short heads are forwarded.
        Watch = "watch",
        /// Perhaps LLM traffic: only heads are forwarded.
        HeadOnly = "head_only",
        /// LLM traffic.
        Full = "full",
    }
}

labels! {
    /// How the socket of a connection is known.
    SocketLabel {
        /// The kernel saw it.
        Observed = "observed",
        /// By what moved on both sides.
        Derived = "derived",
        /// It is not.
        None = "none",
    }
}

impl From<SocketConfidence> for SocketLabel {
    fn from(confidence: SocketConfidence) -> Self {
        match confidence {
            SocketConfidence::Observed => Self::Observed,
            SocketConfidence::Derived => Self::Derived,
        }
    }
}

/// Counters of the capture side.
///
/// Counts kept by the kernel are published with [`raise_to`](super::label::raise_to), all others
/// incremented.
#[derive(Debug)]
pub struct CaptureMetrics {
    /// Events that the kernel handed over.
    pub events: Counter,
    /// Bytes that the kernel handed over.
    pub bytes: Counter,
    /// Pieces of plaintext given to the core.
    pub segments: Counter,
    /// Bytes beyond the cap of an exchange.
    pub counted_bytes: Counter,
    /// Bytes beyond the head of other connections.
    pub skipped_bytes: Counter,
    /// Reads and writes on ignored connections.
    pub ignored_calls: Counter,
    /// Bytes lost.
    pub lost_bytes: ByLabel<LossReason>,
    /// Reads and writes lost.
    pub lost_events: ByLabel<LossReason>,
    /// Processes that no rule of selection could be applied to.
    pub unidentified: Counter,
    /// Verdicts given.
    pub connections: ByLabel<VerdictLabel>,
    /// LLM connections, once their socket is known or will not be.
    pub sockets: ByLabel<SocketLabel>,
    /// Size of the ring buffer, bytes.
    pub ring_size: Gauge,
    ring_used_max: Gauge,
}

impl CaptureMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            events: Counter::default(),
            bytes: Counter::default(),
            segments: Counter::default(),
            counted_bytes: Counter::default(),
            skipped_bytes: Counter::default(),
            ignored_calls: Counter::default(),
            unidentified: Counter::default(),
            lost_bytes: ByLabel::register(&registry::LOST_BYTES, to),
            lost_events: ByLabel::register(&registry::LOST_EVENTS, to),
            connections: ByLabel::register(&registry::CONNECTIONS, to),
            sockets: ByLabel::register(&registry::SOCKETS, to),
            ring_size: Gauge::default(),
            ring_used_max: Gauge::default(),
        };
        registry::CAPTURED_EVENTS.register(to, &metrics.events);
        registry::CAPTURED_BYTES.register(to, &metrics.bytes);
        registry::SEGMENTS.register(to, &metrics.segments);
        registry::COUNTED_BYTES.register(to, &metrics.counted_bytes);
        registry::SKIPPED_BYTES.register(to, &metrics.skipped_bytes);
        registry::UNIDENTIFIED_PROCESSES.register(to, &metrics.unidentified);
        registry::IGNORED_CALLS.register(to, &metrics.ignored_calls);
        registry::RING_SIZE_BYTES.register(to, &metrics.ring_size);
        registry::RING_USED_BYTES_MAX.register(to, &metrics.ring_used_max);
        metrics
    }

    /// Notes that the ring buffer held `bytes`.
    pub fn ring_used(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.ring_used_max
            .inner()
            .fetch_max(bytes, std::sync::atomic::Ordering::Relaxed);
    }
}

impl From<Verdict> for VerdictLabel {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ignore => Self::Ignore,
            Verdict::Watch => Self::Watch,
            Verdict::HeadOnly | Verdict::HeadOnlyServed => Self::HeadOnly,
            Verdict::Full => Self::Full,
        }
    }
}
