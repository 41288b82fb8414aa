//! Drives the core with what the ring buffer brings: one thread, one direction.
//!
//! ```text
//! KernelEvent ─► Segment ─► Pipeline ─► Verdict ─► Tables (kernel)
//!                                    └► Call ─► policy::release ─► Outputs
//! ```

use std::{
    mem,
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use tracer_common::{
    conn::{ConnKey, ConnState},
    counters::Counter,
};
use tracer_core::{
    llm::call::{Call, Captured},
    pipeline::Output,
    policy,
    segment::{ConnectionId, FinalCounts},
    verdict::Verdict,
};

use super::{
    ignored::IgnoredCalls,
    prober::Sources,
    roster::{Place, Resolve, Roster},
    segments::segments,
    taped::Taped,
};
use crate::{
    capture::{
        clock::{Clock, monotonic_nanos},
        kernel_event::{KernelEvent, KernelEventKind},
        ring::EventHandler,
        tables::Tables,
    },
    export::{fanout::Outputs, record::Record},
    runtime::health::Health,
    telemetry::{Telemetry, capture::LossReason, label::raise_to},
};

/// How often what is over without anybody having told is looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// What discovery tells the driver about a process. Times are monotonic nanoseconds, as in
/// events: news arrive late, and must not end what began after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessLife {
    /// It began to run another program: its TLS objects are gone.
    Executed {
        /// Which.
        pid: u32,
        /// When.
        time: u64,
    },
    /// It ended.
    Exited {
        /// Which.
        pid: u32,
        /// When; `None` if only its absence was noticed.
        time: Option<u64>,
    },
}

/// What is over, but may have events left in the ring.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// A process, and when.
    Process(u32, u64),
    /// A connection that the kernel half no longer knows.
    Connection(ConnKey, ConnectionId),
    /// A connection whose end the ring had no room for, and how far it went.
    Closed(ConnKey, ConnectionId, FinalCounts),
}

/// Everything the driver needs.
pub struct DriverParts<R> {
    /// The core.
    pub pipeline: Taped,
    /// The kernel half's tables.
    pub tables: Tables,
    /// Who the processes are.
    pub resolver: R,
    /// Where released calls go.
    pub outputs: Outputs,
    /// The agent's own metrics.
    pub telemetry: Telemetry,
    /// Told that this thread lives.
    pub health: Health,
    /// Counters of calls by probed file.
    pub sources: Sources,
    /// News of processes.
    pub lives: Receiver<ProcessLife>,
}

/// Takes events, has them understood, acts on the outcome.
pub struct Driver<R> {
    pipeline: Taped,
    tables: Tables,
    roster: Roster<R>,
    outputs: Outputs,
    telemetry: Telemetry,
    health: Health,
    sources: Sources,
    lives: Receiver<ProcessLife>,
    /// What is over, in the order in which it was learnt.
    ending: Vec<Ending>,
    /// How many of them have no events left in the ring; never more than there are.
    settled: usize,
    /// Events lost when ends were last looked for.
    lost_events: u64,
    ignored: IgnoredCalls,
    swept: Instant,
    clock: Clock,
}

impl<R: Resolve> Driver<R> {
    /// A driver at rest.
    pub fn new(parts: DriverParts<R>) -> Self {
        Self {
            pipeline: parts.pipeline,
            tables: parts.tables,
            roster: Roster::new(parts.resolver),
            outputs: parts.outputs,
            telemetry: parts.telemetry,
            health: parts.health,
            sources: parts.sources,
            lives: parts.lives,
            ending: Vec::new(),
            settled: 0,
            lost_events: 0,
            ignored: IgnoredCalls::new(Instant::now()),
            swept: Instant::now(),
            clock: Clock::read(),
        }
    }

    fn data(&mut self, event: &KernelEvent<'_>, bytes: usize) {
        let Some(id) = self.place(event) else {
            return self.exclude(event);
        };
        if self.pipeline.is_recorded()
            && let Some(holder) = self.roster.holder(id)
        {
            self.pipeline.introduce(holder.process);
        }
        for segment in segments(event, id, self.clock.wall(event.time)) {
            self.pipeline.segment(&segment);
        }
        self.telemetry.capture.segments.inc();
        self.telemetry.capture.bytes.inc_by(bytes as u64);
    }

    fn ended(&mut self, event: &KernelEvent<'_>, counts: FinalCounts, gone: bool) {
        if gone {
            let calls = self
                .ignored
                .ended(event.key, event.generation, event.ignored);
            self.telemetry.capture.ignored_calls.inc_by(calls);
            self.tables.closed(event.key);
        }
        let Some(id) = self.place(event) else {
            return;
        };
        self.pipeline
            .close(id, self.clock.wall(event.time), Some(counts));
        if gone {
            // Reported before it is forgotten whose it is.
            self.act();
            self.roster.end(event.key, event.generation);
        }
    }

    /// The connection of an event; `None` if its process is excluded. Closes what it replaces.
    fn place(&mut self, event: &KernelEvent<'_>) -> Option<ConnectionId> {
        if self.roster.is_new(event.key, event.generation) {
            // The process may have become another one since it was last heard of.
            self.read_lives();
            if let Some(before) = self.roster.replaced(event.key.tgid, event.generation) {
                self.process_gone(event.key.tgid, before);
            }
        }
        match self.roster.place(event.key, event.generation, event.source) {
            Place::Connection { id, replaces } => {
                if let Some(old) = replaces {
                    self.pipeline.close(old, self.clock.wall(event.time), None);
                }
                Some(id)
            }
            Place::NewlyExcluded | Place::Excluded => None,
        }
    }

    /// This connection stops at its next call, new ones are ignored from the start.
    fn exclude(&mut self, event: &KernelEvent<'_>) {
        let pid = event.key.tgid;
        let told = self.tables.exclude(pid).and_then(|()| {
            self.tables
                .judge(event.key, event.generation, Verdict::Ignore)
        });
        if let Err(error) = told {
            tracing::warn!(pid, "cannot exclude a process in the kernel: {error}");
        }
    }

    /// Ends what a process had open before `before`; forgets it if nothing is left.
    fn process_gone(&mut self, tgid: u32, before: u64) {
        if !self.roster.is_older(tgid, before) {
            return;
        }
        self.tables.include(tgid);
        let time = self.clock.wall(before).min(self.clock.now());
        for (key, connection) in self.roster.connections(tgid) {
            if connection.generation < before {
                // It never said goodbye, or the ring had no room for it.
                let counts = self.final_counts(key, connection);
                self.tables.forget(key);
                self.pipeline.close(connection, time, counts);
                // Reported before it is forgotten whose they are.
                self.act();
                self.roster.end(key, connection.generation);
            }
        }
        if let Some(process) = self.roster.remove_idle(tgid) {
            self.outputs.process_ended(process.key);
        }
    }

    fn act(&mut self) {
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Verdict(connection, verdict) => self.judge(connection, verdict),
                Output::Call(call) => self.report(*call),
                Output::LostExchanges(_, count) => {
                    self.telemetry.calls.lost_exchanges.inc_by(u64::from(count));
                }
            }
        }
    }

    fn judge(&mut self, connection: ConnectionId, verdict: Verdict) {
        self.telemetry.capture.connections.of(verdict.into()).inc();
        let Some(holder) = self.roster.holder(connection) else {
            return;
        };
        let key = holder.key;
        if verdict == Verdict::Ignore {
            self.ignored.judged(key, connection.generation);
        }
        if let Err(error) = self.tables.judge(key, connection.generation, verdict) {
            tracing::warn!(pid = key.tgid, "cannot tell the kernel a verdict: {error}");
        }
    }

    fn report(&mut self, call: Call<Captured>) {
        let released = policy::release(call);
        self.telemetry.calls.count(released.facts());
        let Some(holder) = self.roster.holder(released.facts().connection) else {
            return;
        };
        if let Some(source) = holder.source {
            self.sources.count_call(source);
        }
        self.outputs
            .offer(Record::new(holder.process.clone(), released));
    }

    /// Ends that the ring had no room for: the kernel half left a mark where they happened.
    fn look_for_lost_ends(&mut self) {
        let lost = self.tables.counter(Counter::LostRingEvents);
        if lost == self.lost_events {
            return;
        }
        self.lost_events = lost;
        for (key, connection) in self.roster.all_connections() {
            if let Some(state) = self.closed_state(key, connection) {
                let counts = counts(&state);
                self.ending.push(Ending::Closed(key, connection, counts));
            }
        }
    }

    /// The state of a connection that the kernel half has marked as closed.
    fn closed_state(&self, key: ConnKey, connection: ConnectionId) -> Option<ConnState> {
        let state = self.tables.look(key)?;
        (state.closed != 0 && state.generation == connection.generation).then_some(state)
    }

    /// Looks for what is over although nobody could be told: connections that the kernel half knows
    /// no more, processes that are gone, and under pressure all that have nothing open.
    fn sweep(&mut self) {
        self.swept = Instant::now();
        for (key, connection) in self.roster.all_connections() {
            let known = self.tables.look(key);
            if known.is_none_or(|state| state.generation != connection.generation) {
                self.ending.push(Ending::Connection(key, connection));
            }
        }
        let now = monotonic_nanos();
        let mut over = self.roster.departed();
        if self.roster.is_full() {
            over.extend(self.roster.idle());
        }
        self.ending
            .extend(over.into_iter().map(|pid| Ending::Process(pid, now)));
    }

    /// Ends what has no events left in the ring.
    fn settle(&mut self) {
        let settled = mem::take(&mut self.settled);
        for ending in self.ending.drain(..settled).collect::<Vec<_>>() {
            match ending {
                Ending::Process(pid, time) => self.process_gone(pid, time),
                Ending::Connection(key, connection) => {
                    self.pipeline.give_up(connection, None);
                    self.act();
                    self.roster.end(key, connection.generation);
                }
                Ending::Closed(key, connection, counts) => {
                    if self.closed_state(key, connection).is_some() {
                        self.tables.forget(key);
                    }
                    self.pipeline
                        .close(connection, self.clock.now(), Some(counts));
                    self.act();
                    self.roster.end(key, connection.generation);
                }
            }
        }
    }

    /// How far a connection went, if the kernel half still knows.
    fn final_counts(&self, key: ConnKey, connection: ConnectionId) -> Option<FinalCounts> {
        let state = self.tables.look(key)?;
        (state.generation == connection.generation).then(|| counts(&state))
    }

    fn read_lives(&mut self) {
        while let Ok(life) = self.lives.try_recv() {
            match life {
                ProcessLife::Executed { pid, time } => self.process_gone(pid, time),
                ProcessLife::Exited { pid, time } if self.roster.knows(pid) => {
                    self.ending
                        .push(Ending::Process(pid, time.unwrap_or(u64::MAX)));
                }
                ProcessLife::Exited { .. } => {}
            }
        }
    }

    fn publish_counters(&self) {
        self.telemetry.core.publish(self.pipeline.stats());
        let capture = &self.telemetry.capture;
        let of = |counter| self.tables.counter(counter);
        raise_to(&capture.counted_bytes, of(Counter::CountedBytes));
        raise_to(&capture.skipped_bytes, of(Counter::SkippedBytes));
        raise_to(
            capture.lost_bytes.of(LossReason::RingFull),
            of(Counter::LostRingBytes),
        );
        raise_to(
            capture.lost_events.of(LossReason::RingFull),
            of(Counter::LostRingEvents),
        );
        raise_to(
            capture.lost_bytes.of(LossReason::MemoryFault),
            of(Counter::LostFaultBytes),
        );
        raise_to(
            capture.lost_events.of(LossReason::NoState),
            of(Counter::LostStateCalls),
        );
    }
}

impl<R: Resolve> EventHandler for Driver<R> {
    fn event(&mut self, event: KernelEvent<'_>) {
        self.telemetry.capture.events.inc();
        match event.kind {
            KernelEventKind::Data { bytes, .. } => self.data(&event, bytes.len()),
            KernelEventKind::Closed(counts) => self.ended(&event, counts, true),
            KernelEventKind::Shutdown(counts) => self.ended(&event, counts, false),
        }
        self.act();
    }

    fn bad_event(&mut self) {
        tracing::error!("the kernel half sent an event of another version; please report this");
    }

    fn batch_end(&mut self, used: u64) {
        self.telemetry.capture.ring_used(used);
        self.read_lives();
        self.act();
    }

    fn emptied(&mut self) {
        self.settled = self.ending.len();
    }

    fn tick(&mut self) {
        self.health.beat();
        self.clock = Clock::read();
        self.settle();
        self.read_lives();
        self.look_for_lost_ends();
        if self.swept.elapsed() >= SWEEP_INTERVAL || self.roster.is_full() {
            self.sweep();
        }
        self.pipeline.advance(self.clock.now());
        self.act();
        let ignored = self
            .ignored
            .look(Instant::now(), |key| self.tables.look(key));
        self.telemetry.capture.ignored_calls.inc_by(ignored);
        self.publish_counters();
    }

    fn end(&mut self) {
        for (key, connection) in self.roster.all_connections() {
            let counts = self.final_counts(key, connection);
            self.pipeline.give_up(connection, counts);
            self.act();
        }
        self.publish_counters();
    }
}

fn counts(state: &ConnState) -> FinalCounts {
    let [outbound, inbound] = state.offset;
    FinalCounts {
        outbound,
        inbound,
        turns: state.turn,
    }
}
