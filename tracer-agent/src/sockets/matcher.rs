//! Joins what threads do on connections with what they do on sockets.
//!
//! A program whose TLS library writes to memory hands the records to a socket itself: as a rule by the
//! thread that wrote, soon after. What it received on a socket it hands to the library, and reads from
//! the connection soon after. Event loops may do several of these before the next, so order alone is one
//! sign, and the lengths are the other: records are longer than what they carry by a number of bytes
//! that the cipher gives ([`aead`](super::aead)).
//!
//! A socket is taken for a connection's
//!
//! - when a send fits exactly, and nothing else was waiting to leave in its thread;
//! - when a send fits the oldest of several writes that wait, and so does a later one, or what was received
//!   before a read;
//! - in a thread that uses no other connection and no other socket, also when a receive fits exactly, or
//!   two receives fit.
//!
//! Under an event loop with equal requests and equal answers, receives alone say nothing: what is read
//! may have been received long before. A sign that contradicts others undoes them. No socket is taken for
//! two connections, and moves that were not told leave nothing of what was known of their thread.
//!
//! Bias: towards none. A program that hands records to another thread for sending, and to others for
//! reading, is not matched.

use std::{collections::VecDeque, num::NonZeroUsize};

use lru::LruCache;
use tracer_core::{
    segment::{ConnectionId, Direction},
    socket::{SocketConfidence, SocketPair},
};

use super::{
    aead::{Fit, Plaintext},
    thread::{Sent, Thread},
};
use crate::capture::kernel_event::SocketMove;

/// Connections whose sockets are searched at once; with more, the one that was silent longest is given
/// up.
const MAX_SEARCHED: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Connections whose sockets are known.
const MAX_MATCHED: NonZeroUsize = NonZeroUsize::new(16 << 10).unwrap();
/// Threads that are remembered.
const MAX_THREADS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Reads of a connection that may be the records of one receive.
const MAX_READS: usize = 16;
/// Moves on a connection after which its socket is given up.
const PATIENCE: u32 = 64;

/// The connections whose sockets are searched, and what is known that may tell.
#[derive(Debug)]
pub struct Matcher {
    searched: LruCache<ConnectionId, Search>,
    threads: LruCache<u32, Thread>,
    matched: LruCache<ConnectionId, (u64, SocketConfidence)>,
    /// Whose a socket is.
    taken: LruCache<u64, (ConnectionId, SocketPair)>,
}

#[derive(Debug, Default)]
struct Search {
    moves: u32,
    sign: Option<Sign>,
    /// The thread that last used the connection, and when.
    used: Option<(u32, u64)>,
    /// When it was used before the last receive.
    used_before: u64,
    /// Reads of the thread that last used it, and when; the oldest first.
    reads: VecDeque<(u64, Plaintext)>,
}

/// One sign for a socket; another one that agrees is enough.
#[derive(Debug, Clone, Copy)]
struct Sign {
    at: SocketMove,
    /// Which thread received when; nothing if it is one by what was sent.
    received: Option<(u32, u64)>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// With the ends of the socket.
    Socket(ConnectionId, SocketPair),
    /// Without.
    Nothing(ConnectionId),
}

impl Default for Matcher {
    fn default() -> Self {
        // None is made with its capacity: that would be allocated at once.
        Self {
            searched: LruCache::unbounded(),
            threads: LruCache::unbounded(),
            matched: LruCache::unbounded(),
            taken: LruCache::unbounded(),
        }
    }
}

impl Matcher {
    /// How the socket of a connection is known, if it is.
    pub fn confidence(&self, connection: ConnectionId) -> Option<SocketConfidence> {
        self.matched.peek(&connection).map(|(_, how)| *how)
    }

    /// The kernel half has seen the socket of a connection itself.
    pub fn observed(&mut self, thread: u32, connection: ConnectionId, at: SocketMove) {
        // Of a socket that is followed itself, moves are not numbered.
        if at.number != 0 {
            self.threads
                .get_or_insert_mut(thread, Thread::default)
                .told(&at);
        }
        self.take(connection, at, SocketConfidence::Observed);
    }

    /// A thread moved bytes on a connection, at a time in monotonic nanoseconds: what that says of its
    /// socket. With the first move of a connection its search begins.
    pub fn moved(
        &mut self,
        thread: u32,
        connection: ConnectionId,
        direction: Direction,
        bytes: u64,
        nanos: u64,
    ) -> Option<Found> {
        if bytes == 0 || self.matched.contains(&connection) {
            return None;
        }
        let search = self.searched.get_or_insert_mut(connection, Search::default);
        search.moves += 1;
        if search.moves > PATIENCE {
            self.give_up(connection);
            return Some(Found::Nothing(connection));
        }
        let plaintext = Plaintext::of_call(bytes);
        let log = self.threads.get_or_insert_mut(thread, Thread::default);
        let socket = match direction {
            Direction::Outbound => {
                log.wrote(connection, plaintext, nanos);
                Weighed::Open
            }
            Direction::Inbound => {
                if log.read(connection) {
                    search.read(thread, log, plaintext)
                } else {
                    Weighed::Open
                }
            }
        };
        search.used = Some((thread, log.now()));
        match socket {
            Weighed::Decided(at) => self.found(connection, at),
            Weighed::Contradicted => {
                // What was written first did not leave first.
                for (_, search) in &mut self.searched {
                    search.sign = None;
                }
                None
            }
            Weighed::Open => self.bound().map(Found::Nothing),
        }
    }

    /// A thread moved bytes on a socket: the connection that it is of, if that is certain now.
    pub fn sighted(&mut self, thread: u32, at: SocketMove) -> Option<Found> {
        let is_taken = self.is_taken(&at);
        let log = self.threads.get_or_insert_mut(thread, Thread::default);
        if is_taken {
            log.told(&at);
            return None;
        }
        if at.direction == Direction::Inbound {
            log.received(&at);
            return None;
        }
        let sent = log.sent(&at)?;
        let search = self.searched.peek_mut(&sent.connection)?;
        if search.sent(at, sent) {
            self.found(sent.connection, at)
        } else {
            None
        }
    }

    /// The connection is over.
    pub fn forget(&mut self, connection: ConnectionId) {
        if let Some((socket, _)) = self.matched.pop(&connection) {
            self.taken.pop(&socket);
        }
        self.give_up(connection);
    }

    /// The socket of a connection is wanted no more.
    pub fn give_up(&mut self, connection: ConnectionId) {
        if self.searched.pop(&connection).is_some() {
            for (_, thread) in &mut self.threads {
                thread.forget(connection);
            }
        }
    }

    /// Sockets are not looked at any more: what was learnt of moves says nothing about later ones.
    pub fn rest(&mut self) {
        self.threads.clear();
        self.searched.clear();
    }

    fn found(&mut self, connection: ConnectionId, at: SocketMove) -> Option<Found> {
        self.take(connection, at, SocketConfidence::Derived);
        Some(Found::Socket(connection, at.pair))
    }

    fn take(&mut self, connection: ConnectionId, at: SocketMove, how: SocketConfidence) {
        self.forget(connection);
        if let Some((before, _)) = self.taken.put(at.socket, (connection, at.pair)) {
            self.matched.pop(&before);
        }
        self.matched.put(connection, (at.socket, how));
        while self.matched.len() > MAX_MATCHED.get() {
            if let Some((_, (socket, _))) = self.matched.pop_lru() {
                self.taken.pop(&socket);
            }
        }
        for (_, thread) in &mut self.threads {
            thread.forget_socket(at.socket);
        }
    }

    /// Whether a socket is another connection's. Its address may be that of one that is gone.
    fn is_taken(&self, at: &SocketMove) -> bool {
        let taken = self.taken.peek(&at.socket);
        taken.is_some_and(|(_, pair)| *pair == at.pair)
    }

    /// Keeps all within bounds; the connection that was given up for it.
    fn bound(&mut self) -> Option<ConnectionId> {
        while self.threads.len() > MAX_THREADS.get() {
            self.threads.pop_lru();
        }
        if self.searched.len() <= MAX_SEARCHED.get() {
            return None;
        }
        self.searched.pop_lru().map(|(connection, _)| connection)
    }
}

impl Search {
    /// Weighs a send; whether it decides.
    fn sent(&mut self, at: SocketMove, sent: Sent) -> bool {
        let agrees = self.sign.is_some_and(|it| it.at.socket == at.socket);
        if agrees || (sent.fit == Fit::Exact && sent.is_alone) {
            return true;
        }
        self.sign = Some(Sign { at, received: None });
        false
    }

    /// Weighs what was received before a read.
    fn read(&mut self, thread: u32, log: &Thread, read: Plaintext) -> Weighed {
        let used = match self.used {
            Some((last, when)) if last == thread => when,
            _ => {
                self.reads.clear();
                0
            }
        };
        self.reads.push_back((log.now(), read));
        if self.reads.len() > MAX_READS {
            self.reads.pop_front();
        }
        let Some(last) = log.last_received() else {
            return Weighed::Open;
        };
        if last > used {
            self.used_before = used;
        }
        let recent: Vec<_> = log.received_since(self.used_before).collect();
        let chosen = match (self.sign, recent.as_slice()) {
            // Where these bytes came from was not seen.
            (_, []) => return Weighed::Open,
            (Some(sign), recent) => {
                let mut recent = recent.iter();
                match recent.find(|it| it.at.socket == sign.at.socket) {
                    Some(chosen) => chosen,
                    None => return Weighed::Contradicted,
                }
            }
            (None, [only]) if !log.is_shared() => only,
            (None, _) => return Weighed::Open,
        };
        let fit = chosen.fits(self.read_since(chosen.time), read);
        if fit == Fit::No || (fit == Fit::Loose && recent.len() > 1) {
            return Weighed::Open;
        }
        let (at, received) = (chosen.at, Some((thread, chosen.time)));
        let agrees = match self.sign {
            // A second read of the same receive is no second sign.
            Some(sign) if sign.received.is_some() => {
                !log.is_shared() && (fit == Fit::Exact || sign.received != received)
            }
            Some(_) => true,
            None => fit == Fit::Exact,
        };
        if agrees {
            return Weighed::Decided(at);
        }
        if self.sign.is_none() {
            self.sign = Some(Sign { at, received });
        }
        Weighed::Open
    }

    /// What was read after a move of the thread.
    fn read_since(&self, time: u64) -> Plaintext {
        let later = self.reads.iter().filter(|(when, _)| *when > time);
        later.fold(Plaintext::default(), |sum, (_, read)| sum.and(*read))
    }
}

/// What a read comes to.
enum Weighed {
    /// This is the socket.
    Decided(SocketMove),
    /// Nothing came from where it was sent to.
    Contradicted,
    /// It is not certain.
    Open,
}

#[cfg(test)]
#[path = "matcher_tests.rs"]
mod tests;
