//! What one thread lately did on connections and on sockets.

use std::collections::VecDeque;

use tracer_core::segment::ConnectionId;

use super::aead::{Fit, Plaintext};
use crate::capture::kernel_event::SocketMove;

/// Writes that wait to be seen leaving; with more, the oldest is forgotten.
const MAX_WRITES: usize = 256;
/// Sockets that were received from, likewise.
const MAX_SOCKETS: usize = 128;

/// Moves of one thread, in their order.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// Moves so far.
    now: u64,
    /// Writes to connections that were not seen leaving yet, the oldest first.
    writes: VecDeque<Write>,
    /// Sockets that were received from, the last one last.
    received: Vec<Received>,
    /// Since when moves on sockets are told, monotonic nanoseconds.
    told_since: u64,
    /// Number of the last one that was.
    told: u32,
    /// Moves on sockets are not told now.
    is_blind: bool,
    /// The connection that used the thread.
    user: Option<ConnectionId>,
    /// There were others.
    is_shared: bool,
    /// Writes were forgotten that may leave yet.
    is_unsure: bool,
}

#[derive(Debug, Clone, Copy)]
struct Write {
    connection: ConnectionId,
    plaintext: Plaintext,
    /// Writes to other connections were waiting at the same time.
    in_company: bool,
    /// Monotonic nanoseconds.
    nanos: u64,
}

/// A socket that bytes came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    pub(super) at: SocketMove,
    /// Which move of the thread it was.
    pub(super) time: u64,
    /// Bytes of the receive before: libraries that read sockets themselves read the five bytes of a
    /// record's header first.
    before: u64,
}

/// A send that may be the records of a connection's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) connection: ConnectionId,
    pub(super) fit: Fit,
    /// Nothing of other connections was waiting to leave meanwhile.
    pub(super) is_alone: bool,
}

impl Thread {
    /// The number of the last move.
    pub(super) const fn now(&self) -> u64 {
        self.now
    }

    /// Whether other connections, or other sockets, moved bytes in the thread.
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared || self.received.len() > 1
    }

    /// The thread wrote to a connection.
    pub(super) fn wrote(&mut self, connection: ConnectionId, plaintext: Plaintext, nanos: u64) {
        self.used(connection);
        if self.writes.len() >= MAX_WRITES {
            self.writes.pop_front();
            self.is_unsure = true;
        }
        let mut in_company = self.writes.iter().any(|it| it.connection != connection);
        in_company |= self.is_unsure;
        for write in &mut self.writes {
            write.in_company |= in_company;
        }
        self.writes.push_back(Write {
            connection,
            plaintext,
            in_company,
            nanos,
        });
    }

    /// The thread read from a connection; whether what it received before was told.
    pub(super) fn read(&mut self, connection: ConnectionId) -> bool {
        self.used(connection);
        !self.is_blind
    }

    /// The thread sent on a socket: whose writes left with it, if it is those of one connection. What
    /// was written first leaves first.
    pub(super) fn sent(&mut self, at: &SocketMove) -> Option<Sent> {
        self.told(at);
        let mut asked = Vec::new();
        for Write { connection, .. } in self.writes.iter().copied() {
            if asked.contains(&connection) {
                continue;
            }
            asked.push(connection);
            let (fit, count) = self.leaves(connection, at.bytes);
            if fit != Fit::No {
                let mut of_it = self.writes.iter().filter(|it| it.connection == connection);
                let is_alone = !of_it.any(|it| it.in_company);
                self.leave(connection, count);
                return Some(Sent {
                    connection,
                    fit,
                    is_alone,
                });
            }
        }
        None
    }

    /// How many of a connection's writes, from the oldest on, fit best what was sent, and how well.
    fn leaves(&self, connection: ConnectionId, bytes: u64) -> (Fit, usize) {
        let mut sum = Plaintext::default();
        let mut best = (Fit::No, 0);
        let of_it = self.writes.iter().filter(|it| it.connection == connection);
        for (before, write) in of_it.enumerate() {
            sum = sum.and(write.plaintext);
            let fit = sum.fits_sent(bytes);
            if fit > best.0 {
                best = (fit, before + 1);
            }
        }
        best
    }

    /// So many of a connection's writes have left.
    fn leave(&mut self, connection: ConnectionId, count: usize) {
        let mut left = 0;
        self.writes.retain(|it| {
            let leaves = it.connection == connection && left < count;
            left += usize::from(leaves);
            !leaves
        });
    }

    /// The thread received from a socket.
    pub(super) fn received(&mut self, at: &SocketMove) {
        self.told(at);
        let known = self
            .received
            .iter()
            .position(|it| it.at.socket == at.socket);
        let before = known.map_or(0, |place| self.received.remove(place).at.bytes);
        if self.received.len() >= MAX_SOCKETS {
            self.received.remove(0);
            self.is_shared = true;
        }
        self.received.push(Received {
            at: *at,
            time: self.now,
            before,
        });
    }

    /// When it last received.
    pub(super) fn last_received(&self) -> Option<u64> {
        self.received.last().map(|it| it.time)
    }

    /// What it received after the move `since`.
    pub(super) fn received_since(&self, since: u64) -> impl Iterator<Item = &Received> {
        self.received.iter().filter(move |it| it.time > since)
    }

    /// It is known whose a socket is: what came from it is none of the others'.
    pub(super) fn forget_socket(&mut self, socket: u64) {
        self.received.retain(|it| it.at.socket != socket);
    }

    /// Nobody asks for the socket of a connection any more.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        self.writes.retain(|it| it.connection != connection);
        if self.user == Some(connection) {
            self.user = None;
        }
    }

    /// A move on a socket was told. What others said that were not told is not known: what was known of
    /// the thread before says nothing about what comes.
    pub(super) fn told(&mut self, at: &SocketMove) {
        self.now += 1;
        let goes_on = at.since == self.told_since || at.since == 0;
        let before = self.writes.len();
        if !goes_on {
            self.told_since = at.since;
            self.told = 0;
            self.writes.retain(|write| write.nanos >= at.since);
            self.received.clear();
        }
        if at.number != self.told.wrapping_add(1) {
            self.writes.clear();
            self.received.clear();
            self.is_shared = true;
        }
        self.is_unsure |= self.writes.len() < before;
        self.told = at.number;
        self.is_blind = at.is_last;
    }

    fn used(&mut self, by: ConnectionId) {
        self.now += 1;
        self.is_shared |= self.user.is_some_and(|user| user != by);
        self.user = Some(by);
    }
}

impl Received {
    /// How well `all` that a connection read after it fits, of which `last` came last.
    pub(super) fn fits(&self, all: Plaintext, last: Plaintext) -> Fit {
        let bytes = self.at.bytes;
        let whole = all.fits_received(bytes);
        let with_header = all.fits_received(bytes.saturating_add(self.before));
        match whole.max(with_header) {
            Fit::Exact => Fit::Exact,
            // One receive may bring more records than were read so far, and a record that began
            // earlier may end in it.
            _ if bytes > last.bytes => Fit::Loose,
            _ => Fit::No,
        }
    }
}
