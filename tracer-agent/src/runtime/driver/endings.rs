//! Ends of processes and connections: told by discovery, marked by the kernel half where the ring had
//! no room, or noticed by looking. What is over may have events left in the ring, so it is ended once
//! the ring was empty.

use std::{mem, time::Instant};

use tracer_common::{
    conn::{ConnKey, ConnState},
    counters::Counter,
};
use tracer_core::segment::{ConnectionId, FinalCounts};

use super::{Driver, Resolve, late_names::Report};
use crate::capture::clock::monotonic_nanos;

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
    /// Some news of processes were missed.
    Missed,
}

/// What is over, in the order in which it was learnt.
#[derive(Debug, Default)]
pub(super) struct Endings {
    waiting: Vec<Ending>,
    /// How many of them have no events left in the ring; never more than there are.
    settled: usize,
    /// Events lost when ends were last looked for.
    lost_events: u64,
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

impl Endings {
    /// The ring is empty: what has waited so far has no events left.
    pub(super) fn ring_emptied(&mut self) {
        self.settled = self.waiting.len();
    }

    fn push(&mut self, ending: Ending) {
        self.waiting.push(ending);
    }

    /// When the process that had this id ended, or was replaced, before `time`.
    pub(super) fn of_process(&self, pid: u32, time: u64) -> Option<u64> {
        self.waiting.iter().find_map(|ending| match ending {
            Ending::Process(ended, at) if *ended == pid && *at <= time => Some(*at),
            _ => None,
        })
    }

    fn take_settled(&mut self) -> Vec<Ending> {
        let settled = mem::take(&mut self.settled);
        self.waiting.drain(..settled).collect()
    }
}

impl<R: Resolve> Driver<R> {
    /// Ends what a process had open before `before`; forgets it if nothing is left.
    pub(super) fn process_gone(&mut self, tgid: u32, before: u64) {
        if !self.roster.is_older(tgid, before) {
            return;
        }
        self.tables.ended(tgid);
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
                self.socket_gone(connection);
            }
        }
        if let Some(process) = self.roster.process(tgid) {
            self.pipeline.process_ended(process);
            self.act();
        }
        if let Some(process) = self.roster.remove_idle(tgid) {
            self.tell(process, Report::End);
        }
    }

    /// Ends that the ring had no room for: the kernel half left a mark where they happened.
    pub(super) fn look_for_lost_ends(&mut self) {
        let lost = self.tables.counter(Counter::LostRingEvents);
        if lost == self.endings.lost_events {
            return;
        }
        self.endings.lost_events = lost;
        for (key, connection) in self.roster.all_connections() {
            if let Some(state) = self.closed_state(key, connection) {
                let counts = counts(&state);
                self.endings.push(Ending::Closed(key, connection, counts));
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
    pub(super) fn sweep(&mut self) {
        self.swept = Instant::now();
        for (key, connection) in self.roster.all_connections() {
            let known = self.tables.look(key);
            if known.is_none_or(|state| state.generation != connection.generation) {
                self.endings.push(Ending::Connection(key, connection));
            }
        }
        let now = monotonic_nanos();
        let mut over = self.roster.departed();
        if self.roster.is_full() {
            over.extend(self.roster.idle());
        }
        for pid in over {
            self.endings.push(Ending::Process(pid, now));
        }
    }

    /// Ends what has no events left in the ring.
    pub(super) fn settle(&mut self) {
        for ending in self.endings.take_settled() {
            match ending {
                Ending::Process(pid, time) => self.process_gone(pid, time),
                Ending::Connection(key, connection) => {
                    self.pipeline.give_up(connection, None);
                    self.act();
                    self.roster.end(key, connection.generation);
                    self.socket_gone(connection);
                }
                Ending::Closed(key, connection, counts) => {
                    if self.closed_state(key, connection).is_some() {
                        self.tables.forget(key);
                    }
                    self.pipeline
                        .close(connection, self.clock.now(), Some(counts));
                    self.act();
                    self.roster.end(key, connection.generation);
                    self.socket_gone(connection);
                }
            }
        }
    }

    /// How far a connection went, if the kernel half still knows.
    pub(super) fn final_counts(
        &self,
        key: ConnKey,
        connection: ConnectionId,
    ) -> Option<FinalCounts> {
        let state = self.tables.look(key)?;
        (state.generation == connection.generation).then(|| counts(&state))
    }

    pub(super) fn read_lives(&mut self) {
        while let Ok(life) = self.lives.try_recv() {
            let (pid, time) = match life {
                ProcessLife::Executed { pid, time } => (pid, time),
                ProcessLife::Exited { pid, time } => (pid, time.unwrap_or(u64::MAX)),
                ProcessLife::Missed => {
                    self.ask_again_for_excluded();
                    continue;
                }
            };
            if self.roster.excludes(pid) {
                // Nothing of it is in the ring, and the next program may be welcome.
                self.process_gone(pid, time);
            } else if self.roster.knows(pid) {
                self.endings.push(Ending::Process(pid, time));
            }
        }
    }
}

impl<R: Resolve> Driver<R> {
    /// Any of those that are left alone may run another program by now, which may be welcome.
    fn ask_again_for_excluded(&mut self) {
        for pid in self.roster.excluded() {
            self.process_gone(pid, u64::MAX);
        }
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
