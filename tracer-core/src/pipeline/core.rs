//! The pipeline's door: finds the connection of a segment.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use lru::LruCache;

use super::{
    background::BackgroundRuns,
    both_ends::BothEnds,
    config::PipelineConfig,
    connection::Connection,
    holdings::Holdings,
    output::{Output, Report, steps},
    processes::Processes,
    socket_pairs::SocketPairs,
    stats::Stats,
};
use crate::{
    correlate::Correlator,
    evaluation::Checker,
    http::{allow_list::AllowList, exchange::BodyEnd},
    llm::{mcp::Sessions, unfinished::Unfinished},
    segment::{ConnectionId, FinalCounts, ProcessKey, Segment},
    socket::KnownSocket,
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
    holdings: Holdings,
    /// What belongs together across connections.
    sessions: Sessions,
    unfinished: Unfinished,
    outputs: VecDeque<Output>,
    background: BackgroundRuns,
    both_ends: BothEnds,
    sockets: SocketPairs,
    processes: Processes,
    correlator: Correlator,
    checker: Checker,
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
            correlator: Correlator::new(&config.ids, config.relations),
            // Not made with its capacity: that would be allocated at once.
            connections: LruCache::unbounded(),
            holdings: Holdings::default(),
            sessions: Sessions::default(),
            unfinished: Unfinished::default(),
            config,
            outputs: VecDeque::new(),
            background: BackgroundRuns::default(),
            both_ends: BothEnds::default(),
            sockets: SocketPairs::default(),
            processes: Processes::default(),
            checker: Checker::default(),
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
            holdings,
            sessions,
            unfinished,
            outputs,
            background,
            both_ends,
            processes,
            correlator,
            checker,
            stats,
            ..
        } = self;
        let mut report = Report {
            connection: id,
            socket: None,
            config,
            headers,
            stats,
            sessions,
            unfinished,
            background,
            both_ends,
            processes,
            correlator,
            checker,
            outputs,
            tunnel: None,
        };
        if let Some(connection) = connections.get_mut(&id) {
            report.socket = connection.socket;
            connection.segment(segment, &mut report);
            note(id, connection, holdings);
        } else {
            report.stats.connections_seen += 1;
            let mut connection = Connection::new();
            connection.segment(segment, &mut report);
            note(id, &mut connection, holdings);
            connections.put(id, connection);
            self.evict();
            self.stats.connections = self.connections.len() as u64;
        }
        self.shed(id);
        self.stats.held_bytes = self.holdings.total() as u64;
    }

    /// It is known which socket carries a connection, be it one of which nothing has come yet: its calls
    /// say so that are reported from now on.
    pub fn socket(&mut self, id: ConnectionId, socket: KnownSocket) {
        if let Some(other) = self.sockets.note(id, socket.pair) {
            self.both_ends.meet(id, other);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            if let Some(before) = connection.socket.replace(socket)
                && before.pair != socket.pair
            {
                self.sockets.forget(id, before.pair);
            }
            return;
        }
        self.stats.connections_seen += 1;
        let mut connection = Connection::new();
        connection.socket = Some(socket);
        self.connections.put(id, connection);
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
        if let Some(mut closed) = self.take(connection) {
            let mut report = self.report(connection);
            report.socket = closed.socket;
            closed.close(time, counts, &mut report);
            self.unfinished.closed(connection);
            self.ended(connection, closed.socket);
            self.report(connection).joined();
        }
    }

    /// Nobody will look at the connection any more, although it goes on: what is under way is
    /// reported as far as it was seen, and `counts` tell what was lost.
    pub fn give_up(&mut self, connection: ConnectionId, counts: Option<FinalCounts>) {
        if let Some(mut left) = self.take(connection) {
            let mut report = self.report(connection);
            report.socket = left.socket;
            left.leave(counts, &mut report);
            self.unfinished.closed(connection);
            self.ended(connection, left.socket);
            self.report(connection).joined();
        }
    }

    /// Lets time pass: gives up what has been silent for too long. Call about once a second.
    pub fn advance(&mut self, now: Timestamp) {
        self.both_ends.expire(now);
        self.report_held();
        self.correlator.expire(now);
        self.report_steps();
        if now.since(self.swept) < SWEEP_INTERVAL {
            return;
        }
        self.swept = now;
        let Self {
            config,
            headers,
            connections,
            holdings,
            sessions,
            unfinished,
            outputs,
            background,
            both_ends,
            processes,
            correlator,
            checker,
            stats,
            ..
        } = self;
        for (&id, connection) in connections.iter_mut().rev() {
            if now.since(connection.seen) < config.silence {
                break;
            }
            let mut report = Report {
                connection: id,
                socket: connection.socket,
                config,
                headers,
                stats,
                sessions,
                unfinished,
                background,
                both_ends,
                processes,
                correlator,
                checker,
                outputs,
                tunnel: None,
            };
            let given_up = connection.give_up(BodyEnd::Open, &mut report);
            stats.calls_silent += given_up;
            note(id, connection, holdings);
        }
        self.sessions.expire(now, self.config.silence);
        self.unfinished.expire(now);
        for call in self.sessions.take_over() {
            self.stats.calls_silent += 1;
            let id = call.facts().connection;
            self.report(id).call(Box::new(call));
        }
        for call in self.unfinished.take_over() {
            let id = call.facts().connection;
            self.report(id).call(Box::new(call));
        }
    }

    /// A process is gone: its calls that wait for their other ends are reported as they are.
    pub fn process_ended(&mut self, process: ProcessKey) {
        self.both_ends.settle(|of| of == process);
        self.report_held();
        self.correlator.process_ended(process);
        self.report_steps();
    }

    /// Nothing more will come: calls that wait are reported as they are.
    pub fn settle(&mut self) {
        self.both_ends.settle(|_| true);
        self.report_held();
        self.correlator.settle_all();
        self.report_steps();
    }

    /// The next thing to do for the caller, until `None`; in the order in which they came up.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What was seen so far.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Reports calls that have waited for their other ends.
    fn report_held(&mut self) {
        for call in self.both_ends.take_over() {
            let id = call.facts().connection;
            self.report(id).call(call);
        }
    }

    /// Reports what has ended without a call of its own.
    fn report_steps(&mut self) {
        let checks = self.config.evaluations;
        self.outputs.extend(steps(&mut self.correlator, checks));
    }

    /// Takes a connection out of the books.
    fn take(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.connections.pop(&id)?;
        self.holdings.change(id, connection.noted, 0);
        self.stats.connections = self.connections.len() as u64;
        self.stats.held_bytes = self.holdings.total() as u64;
        Some(connection)
    }

    /// Has exchanges go on as metadata until all connections hold no more than they may: those that
    /// hold most, or where each holds little the one of which more came.
    fn shed(&mut self, current: ConnectionId) {
        while self.holdings.total() > self.config.held_bytes {
            let id = self.holdings.largest().unwrap_or(current);
            let Some(connection) = self.connections.peek_mut(&id) else {
                return;
            };
            let before = connection.noted;
            connection.shed();
            note(id, connection, &mut self.holdings);
            if connection.noted >= before {
                return; // all that is left is too small to be shed
            }
            self.stats.shed_exchanges += 1;
        }
    }

    fn evict(&mut self) {
        while self.connections.len() > self.config.max_connections.get() {
            let Some((id, mut forgotten)) = self.connections.pop_lru() else {
                return;
            };
            self.stats.evictions += 1;
            self.holdings.change(id, forgotten.noted, 0);
            let mut report = self.report(id);
            report.socket = forgotten.socket;
            forgotten.give_up(BodyEnd::Truncated, &mut report);
            self.unfinished.closed(id);
            self.ended(id, forgotten.socket);
            self.report(id).joined();
        }
    }

    /// What is known of a connection beside itself is forgotten.
    fn ended(&mut self, id: ConnectionId, socket: Option<KnownSocket>) {
        self.both_ends.closed(id);
        if let Some(socket) = socket {
            self.sockets.forget(id, socket.pair);
        }
    }

    fn report(&mut self, connection: ConnectionId) -> Report<'_> {
        Report {
            connection,
            socket: None,
            config: &self.config,
            headers: &self.headers,
            stats: &mut self.stats,
            sessions: &mut self.sessions,
            unfinished: &mut self.unfinished,
            background: &mut self.background,
            both_ends: &mut self.both_ends,
            processes: &mut self.processes,
            correlator: &mut self.correlator,
            checker: &mut self.checker,
            outputs: &mut self.outputs,
            tunnel: None,
        }
    }
}

/// Puts down what a connection holds now.
fn note(id: ConnectionId, connection: &mut Connection, holdings: &mut Holdings) {
    let held = connection.held();
    holdings.change(id, std::mem::replace(&mut connection.noted, held), held);
}

#[cfg(test)]
#[path = "bound_tests.rs"]
mod bound_tests;
#[cfg(test)]
#[path = "http2_tests.rs"]
mod http2_tests;
#[cfg(test)]
#[path = "served_tests.rs"]
mod served_tests;
#[cfg(test)]
#[path = "sessions_tests.rs"]
mod sessions_tests;
#[cfg(test)]
#[path = "socket_tests.rs"]
mod socket_tests;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
#[cfg(test)]
#[path = "tunnel_tests.rs"]
mod tunnel_tests;
#[cfg(test)]
#[path = "unfinished_tests.rs"]
mod unfinished_tests;
