//! Drives the core with what the ring buffer brings: one thread, one direction.
//!
//! ```text
//! KernelEvent ─► Segment ─► Pipeline ─► Verdict ─► Tables (kernel)
//!                                    └► Call ─► PriceBook ─► Policy ─► Outputs
//! ```

mod endings;
mod goodbyes;
mod late_names;
mod outcomes;
mod sockets;

use std::{
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use tracer_core::{
    policy::Policy,
    pricing::PriceBook,
    segment::{ConnectionId, Direction, FinalCounts},
    semconv::ContentPlace,
    verdict::Verdict,
};

pub use self::endings::ProcessLife;
use self::{endings::Endings, goodbyes::Goodbyes, late_names::LateNames, sockets::Sockets};
use super::{
    completion::Completion,
    health::Health,
    ignored::IgnoredCalls,
    roster::{Place, Resolve, Roster},
    segments::segments,
    sources::Sources,
    taped::Taped,
};
use crate::{
    capture::{
        clock::Clock,
        kernel_event::{KernelEvent, KernelEventKind},
        ring::EventHandler,
        socket_hook::SocketHook,
        tables::Tables,
    },
    config::choices::EvaluationPlace,
    telemetry::Telemetry,
};

/// How often what is over without anybody having told is looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// Everything the driver needs.
pub struct DriverParts<R> {
    /// The core.
    pub pipeline: Taped,
    /// What calls cost.
    pub prices: PriceBook,
    /// What leaves of them.
    pub policy: Policy,
    /// Where content goes that a policy lets out.
    pub content: ContentPlace,
    /// Where evaluations go.
    pub evaluations: EvaluationPlace,
    /// The kernel half's tables.
    pub tables: Tables,
    /// Who the processes are.
    pub resolver: R,
    /// Where released calls go.
    pub outputs: Completion,
    /// The agent's own metrics.
    pub telemetry: Telemetry,
    /// Told that this thread lives.
    pub health: Health,
    /// Counters of calls by probed file.
    pub sources: Sources,
    /// News of processes.
    pub lives: Receiver<ProcessLife>,
    /// Shows what sockets do, where the kernel lets it.
    pub socket_hook: Option<SocketHook>,
}

/// Takes events, has them understood, acts on the outcome.
pub struct Driver<R> {
    pipeline: Taped,
    prices: PriceBook,
    policy: Policy,
    content: ContentPlace,
    evaluations: EvaluationPlace,
    tables: Tables,
    roster: Roster<R>,
    outputs: Completion,
    telemetry: Telemetry,
    health: Health,
    sources: Sources,
    lives: Receiver<ProcessLife>,
    endings: Endings,
    goodbyes: Goodbyes,
    late_names: LateNames,
    ignored: IgnoredCalls,
    sockets: Sockets,
    /// Which thread the last event is of.
    thread: u32,
    swept: Instant,
    clock: Clock,
}

impl<R: Resolve> Driver<R> {
    /// A driver at rest.
    pub fn new(parts: DriverParts<R>) -> Self {
        Self {
            pipeline: parts.pipeline,
            prices: parts.prices,
            policy: parts.policy,
            content: parts.content,
            evaluations: parts.evaluations,
            tables: parts.tables,
            roster: Roster::new(parts.resolver),
            outputs: parts.outputs,
            telemetry: parts.telemetry,
            health: parts.health,
            sources: parts.sources,
            lives: parts.lives,
            endings: Endings::default(),
            goodbyes: Goodbyes::default(),
            late_names: LateNames::default(),
            ignored: IgnoredCalls::new(Instant::now()),
            sockets: Sockets::new(parts.socket_hook),
            thread: 0,
            swept: Instant::now(),
            clock: Clock::read(),
        }
    }

    fn data(&mut self, event: &KernelEvent<'_>, direction: Direction, copied: usize, rest: u64) {
        let Some(id) = self.place(event) else {
            // Not one whose program is over: the kernel half would leave the next one alone, too.
            if self.roster.excludes(event.key.tgid) {
                self.exclude(event);
            }
            return;
        };
        if self.pipeline.is_recorded()
            && let Some(holder) = self.roster.holder(id)
        {
            self.pipeline.introduce(holder.process);
        }
        // First: what tells the socket may end the call.
        let moved = (copied as u64).saturating_add(rest);
        self.connection_moved(event, id, direction, moved);
        for segment in segments(event, id, self.clock.wall(event.time)) {
            self.pipeline.segment(&segment);
        }
        self.telemetry.capture.segments.inc();
        self.telemetry.capture.bytes.inc_by(copied as u64);
    }

    fn closed(&mut self, event: &KernelEvent<'_>, counts: FinalCounts) {
        let calls = self
            .ignored
            .ended(event.key, event.generation, event.ignored);
        self.telemetry.capture.ignored_calls.inc_by(calls);
        self.tables.closed(event.key);
        let Some(id) = self.place(event) else {
            return;
        };
        self.pipeline
            .close(id, self.clock.wall(event.time), Some(counts));
        // Reported before it is forgotten whose it is.
        self.act();
        self.roster.end(event.key, event.generation);
        self.socket_gone(id);
    }

    /// The connection of an event; `None` if its process is, or was, excluded. Closes what it replaces.
    fn place(&mut self, event: &KernelEvent<'_>) -> Option<ConnectionId> {
        if self.roster.is_new(event.key, event.generation) {
            // The process may have become another one since it was last heard of.
            self.read_lives();
            let (pid, began) = (event.key.tgid, event.generation);
            // What its former owner left in the ring came before this event.
            if let Some(before) = self.endings.of_process(pid, began) {
                self.process_gone(pid, before);
            }
            if let Some(before) = self.roster.replaced(pid, began) {
                self.process_gone(pid, before);
            }
        }
        match self.roster.place(event.key, event.generation, event.source) {
            Place::Connection { id, replaces } => {
                if let Some(old) = replaces {
                    self.pipeline.close(old, self.clock.wall(event.time), None);
                    self.socket_gone(old);
                }
                Some(id)
            }
            Place::NewlyExcluded | Place::Excluded | Place::Over => None,
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
}

impl<R: Resolve> EventHandler for Driver<R> {
    fn event(&mut self, event: KernelEvent<'_>) {
        self.telemetry.capture.events.inc();
        self.thread = event.thread;
        match event.kind {
            KernelEventKind::Data {
                direction,
                bytes,
                rest,
                ..
            } => self.data(&event, direction, bytes.len(), rest),
            KernelEventKind::Socket(at) => self.socket_moved(&event, at),
            KernelEventKind::Closed(counts) => self.closed(&event, counts),
            KernelEventKind::Shutdown(counts) => {
                if let Some(id) = self.place(&event) {
                    let time = self.clock.wall(event.time);
                    self.said_goodbye(event.key, id, counts, time);
                }
            }
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
        self.outputs.look(Instant::now());
    }

    fn emptied(&mut self) {
        self.endings.ring_emptied();
        self.roster.caught_up();
        self.look_for_names(Instant::now());
    }

    fn tick(&mut self) {
        self.health.beat();
        self.clock = Clock::read();
        self.settle();
        self.believe(Instant::now());
        self.rest_from_sockets(Instant::now());
        self.read_lives();
        self.look_for_lost_ends();
        if self.swept.elapsed() >= SWEEP_INTERVAL || self.roster.is_full() {
            self.sweep();
        }
        self.pipeline.advance(self.clock.now());
        self.act();
        self.look_for_names(Instant::now());
        self.outputs.look(Instant::now());
        let ignored = self
            .ignored
            .look(Instant::now(), |key| self.tables.look(key));
        self.telemetry.capture.ignored_calls.inc_by(ignored);
        self.publish_counters();
    }

    fn end(&mut self) {
        self.believe_all();
        for (key, connection) in self.roster.all_connections() {
            let counts = self.final_counts(key, connection);
            self.pipeline.give_up(connection, counts);
            self.act();
        }
        self.pipeline.settle();
        self.act();
        self.give_up_names();
        self.outputs.flush();
        self.publish_counters();
    }
}
