//! The pipeline's door: finds the connection of a segment.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use lru::LruCache;

use super::{
    config::PipelineConfig,
    connection::Connection,
    output::{Output, Report},
    stats::Stats,
};
use crate::{
    http::allow_list::AllowList,
    segment::{ConnectionId, FinalCounts, Segment},
    time::Timestamp,
};

/// How often silent connections are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// The whole core behind one door; a deterministic state machine.
#[derive(Debug)]
pub struct Pipeline {
    config: PipelineConfig,
    headers: Arc<AllowList>,
    /// The least recently used is the one that was silent longest.
    connections: LruCache<ConnectionId, Connection>,
    outputs: VecDeque<Output>,
    stats: Stats,
    swept: Timestamp,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new(PipelineConfig::default())
    }
}

impl Pipeline {
    /// A pipeline that has seen nothing.
    pub fn new(config: PipelineConfig) -> Self {
        Self {
            headers: Arc::new(config.headers.clone()),
            // Not made with its capacity: that would be allocated at once.
            connections: LruCache::unbounded(),
            config,
            outputs: VecDeque::new(),
            stats: Stats::default(),
            swept: Timestamp::default(),
        }
    }

    /// Takes one segment. Never fails: bad input becomes an event or a counter.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        let id = segment.connection;
        let Self {
            config,
            headers,
            connections,
            outputs,
            stats,
            ..
        } = self;
        let mut report = Report {
            connection: id,
            config,
            stats,
            outputs,
        };
        if let Some(connection) = connections.get_mut(&id) {
            connection.segment(segment, headers, &mut report);
            return;
        }
        report.stats.connections_seen += 1;
        let mut connection = Connection::new();
        connection.segment(segment, headers, &mut report);
        connections.put(id, connection);
        self.evict();
        self.stats.connections = self.connections.len() as u64;
    }

    /// The connection is over (TLS object freed or reused, process gone).
    pub fn close(
        &mut self,
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    ) {
        let Some(mut closed) = self.connections.pop(&connection) else {
            return;
        };
        closed.close(time, counts, &mut self.report(connection));
        self.stats.connections = self.connections.len() as u64;
    }

    /// Nobody will look at the connection any more, although it goes on: what is under way is
    /// reported as far as it was seen, and `counts` tell what was lost.
    pub fn give_up(&mut self, connection: ConnectionId, counts: Option<FinalCounts>) {
        let Some(mut left) = self.connections.pop(&connection) else {
            return;
        };
        left.leave(counts, &mut self.report(connection));
        self.stats.connections = self.connections.len() as u64;
    }

    /// Lets time pass: gives up what has been silent for too long. Call about once a second.
    pub fn advance(&mut self, now: Timestamp) {
        if now.since(self.swept) < SWEEP_INTERVAL {
            return;
        }
        self.swept = now;
        let Self {
            config,
            connections,
            outputs,
            stats,
            ..
        } = self;
        for (&id, connection) in connections.iter_mut().rev() {
            if now.since(connection.seen) < config.silence {
                break;
            }
            let mut report = Report {
                connection: id,
                config,
                stats,
                outputs,
            };
            let given_up = connection.give_up(&mut report);
            stats.calls_silent += given_up;
        }
    }

    /// The next thing to do for the caller, until `None`; in the order in which they came up.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What was seen so far.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    fn evict(&mut self) {
        while self.connections.len() > self.config.max_connections.get() {
            let Some((id, mut forgotten)) = self.connections.pop_lru() else {
                return;
            };
            self.stats.evictions += 1;
            forgotten.give_up(&mut self.report(id));
        }
    }

    fn report(&mut self, connection: ConnectionId) -> Report<'_> {
        Report {
            connection,
            config: &self.config,
            stats: &mut self.stats,
            outputs: &mut self.outputs,
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
