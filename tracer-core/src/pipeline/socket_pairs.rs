//! Finds connections whose sockets are the two ends of one.

use std::{net::SocketAddr, num::NonZeroUsize};

use lru::LruCache;

use crate::{segment::ConnectionId, socket::SocketPair};

/// Sockets that are known; with more, the one that was noted first is forgotten.
const MAX_SOCKETS: NonZeroUsize = NonZeroUsize::new(16 << 10).unwrap();

/// The sockets of connections.
#[derive(Debug)]
pub(super) struct SocketPairs(LruCache<Addresses, (ConnectionId, SocketPair)>);

/// Of the process's end and of the other one.
type Addresses = (SocketAddr, SocketAddr);

impl Default for SocketPairs {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl SocketPairs {
    /// Notes the socket of a connection; the connection at its other end, if that is known.
    pub(super) fn note(
        &mut self,
        connection: ConnectionId,
        pair: SocketPair,
    ) -> Option<ConnectionId> {
        let mirrored = self.0.peek(&(pair.peer, pair.local));
        let other = mirrored
            .filter(|(_, other)| other.mirrors(&pair))
            .map(|(other, _)| *other);
        self.0.put((pair.local, pair.peer), (connection, pair));
        while self.0.len() > MAX_SOCKETS.get() {
            self.0.pop_lru();
        }
        other
    }

    /// The connection is over.
    pub(super) fn forget(&mut self, connection: ConnectionId, pair: SocketPair) {
        let addresses = (pair.local, pair.peer);
        let noted = self.0.peek(&addresses);
        if noted.is_some_and(|(whose, _)| *whose == connection) {
            self.0.pop(&addresses);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::ProcessKey;

    fn connection(process: u64) -> ConnectionId {
        ConnectionId {
            process: ProcessKey(process),
            handle: 1,
            generation: 1,
        }
    }

    fn pair(local: u16, peer: u16, network: u32) -> SocketPair {
        SocketPair {
            local: ([127, 0, 0, 1], local).into(),
            peer: ([127, 0, 0, 1], peer).into(),
            network,
        }
    }

    #[test]
    fn the_second_end_finds_the_first() {
        let mut pairs = SocketPairs::default();
        assert_eq!(pairs.note(connection(1), pair(40_000, 443, 1)), None);
        assert_eq!(pairs.note(connection(2), pair(443, 40_001, 1)), None);
        let found = pairs.note(connection(3), pair(443, 40_000, 1));
        assert_eq!(found, Some(connection(1)));
    }

    #[test]
    fn addresses_of_loopback_are_those_of_one_network() {
        let mut pairs = SocketPairs::default();
        pairs.note(connection(1), pair(40_000, 443, 1));
        assert_eq!(pairs.note(connection(2), pair(443, 40_000, 2)), None);
    }

    #[test]
    fn what_is_over_is_not_found() {
        let mut pairs = SocketPairs::default();
        pairs.note(connection(1), pair(40_000, 443, 1));
        // Another connection has the addresses now.
        pairs.note(connection(4), pair(40_000, 443, 1));
        pairs.forget(connection(1), pair(40_000, 443, 1));
        let found = pairs.note(connection(2), pair(443, 40_000, 1));
        assert_eq!(found, Some(connection(4)));
        pairs.forget(connection(4), pair(40_000, 443, 1));
        assert_eq!(pairs.note(connection(3), pair(443, 40_000, 1)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pairs = SocketPairs::default();
        for n in 0..40_000_u16 {
            pairs.note(connection(n.into()), pair(n, 443, 1));
        }
        assert_eq!(pairs.0.len(), MAX_SOCKETS.get());
    }
}
