//! What the core made of the bytes, beyond calls and verdicts.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use tracer_core::pipeline::Stats;

use super::{
    label::{ByLabel, labels, raise_to},
    registry,
};

labels! {
    /// Why the exchanges of a connection are not read.
    UnreadLabel {
        /// Not HTTP.
        Opaque = "opaque",
        /// Upgraded to WebSocket or another protocol.
        Upgraded = "upgraded",
        /// The process is the server.
        Server = "server",
    }
}

/// The core's own counts, published from time to time.
#[derive(Debug)]
pub struct CoreMetrics {
    followed: Gauge,
    open_exchanges: Gauge,
    held_bytes: Gauge,
    shed: Counter,
    seen: Counter,
    unread: ByLabel<UnreadLabel>,
    evicted: Counter,
    exchanges: Counter,
    unconfirmed: Counter,
    repeated_fetches: Counter,
    silent_calls: Counter,
}

impl CoreMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            followed: Gauge::default(),
            open_exchanges: Gauge::default(),
            held_bytes: Gauge::default(),
            shed: Counter::default(),
            seen: Counter::default(),
            unread: ByLabel::register(&registry::UNREAD_CONNECTIONS, to),
            evicted: Counter::default(),
            exchanges: Counter::default(),
            unconfirmed: Counter::default(),
            repeated_fetches: Counter::default(),
            silent_calls: Counter::default(),
        };
        registry::FOLLOWED_CONNECTIONS.register(to, &metrics.followed);
        registry::OPEN_EXCHANGES.register(to, &metrics.open_exchanges);
        registry::HELD_BYTES.register(to, &metrics.held_bytes);
        registry::SHED_EXCHANGES.register(to, &metrics.shed);
        registry::SEEN_CONNECTIONS.register(to, &metrics.seen);
        registry::EVICTED_CONNECTIONS.register(to, &metrics.evicted);
        registry::EXCHANGES.register(to, &metrics.exchanges);
        registry::UNCONFIRMED_EXCHANGES.register(to, &metrics.unconfirmed);
        registry::REPEATED_FETCHES.register(to, &metrics.repeated_fetches);
        registry::SILENT_CALLS.register(to, &metrics.silent_calls);
        metrics
    }

    /// Shows the state of the pipeline; call about once a second.
    pub fn publish(&self, stats: &Stats) {
        self.followed.set(as_gauge(stats.connections));
        self.open_exchanges.set(as_gauge(stats.open_exchanges));
        self.held_bytes.set(as_gauge(stats.held_bytes));
        raise_to(&self.shed, stats.shed_exchanges);
        raise_to(&self.seen, stats.connections_seen);
        raise_to(
            self.unread.of(UnreadLabel::Opaque),
            stats.opaque_connections,
        );
        raise_to(
            self.unread.of(UnreadLabel::Upgraded),
            stats.upgraded_connections,
        );
        raise_to(
            self.unread.of(UnreadLabel::Server),
            stats.server_connections,
        );
        raise_to(&self.evicted, stats.evictions);
        raise_to(&self.exchanges, stats.exchanges);
        raise_to(&self.unconfirmed, stats.unconfirmed_exchanges);
        raise_to(&self.repeated_fetches, stats.repeated_fetches);
        raise_to(&self.silent_calls, stats.calls_silent);
    }
}

fn as_gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
