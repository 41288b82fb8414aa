//! Connections that are known to be the ends of one.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::{detect::Role, llm::call::OtherEnd, segment::ConnectionId};

/// Connections whose other ends are known; those that were silent longest are forgotten.
const MAX_KNOWN: NonZeroUsize = NonZeroUsize::new(16 << 10).unwrap();

/// Which connection is the other end of which, as requests have told.
#[derive(Debug)]
pub(super) struct Peers(LruCache<ConnectionId, Peer>);

/// The connection at the other end, and whether its socket tells; otherwise a request did.
#[derive(Debug, Clone, Copy)]
struct Peer {
    connection: ConnectionId,
    by_socket: bool,
}

impl Default for Peers {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl Peers {
    /// The connection at the other end.
    pub(super) fn of(&self, connection: ConnectionId) -> Option<ConnectionId> {
        self.0.peek(&connection).map(|peer| peer.connection)
    }

    /// Whether that is known by its socket, for certain.
    pub(super) fn is_by_socket(&self, connection: ConnectionId) -> bool {
        let peer = self.0.peek(&connection);
        peer.is_some_and(|peer| peer.by_socket)
    }

    /// Whether two connections may be the ends of one.
    pub(super) fn admit(&self, client: ConnectionId, server: ConnectionId) -> bool {
        match (self.of(client), self.of(server)) {
            (None, None) => true,
            (of_client, of_server) => of_client == Some(server) && of_server == Some(client),
        }
    }

    /// Two connections are the ends of one, as a request tells that both have seen.
    pub(super) fn meet(&mut self, client: ConnectionId, server: ConnectionId) {
        let by_socket = self.is_by_socket(server);
        self.put(client, server, by_socket);
    }

    /// The same, as their sockets tell.
    pub(super) fn meet_by_socket(&mut self, one: ConnectionId, other: ConnectionId) {
        self.put(one, other, true);
    }

    fn put(&mut self, one: ConnectionId, other: ConnectionId, by_socket: bool) {
        for (connection, of) in [(one, other), (other, one)] {
            let peer = Peer {
                connection,
                by_socket,
            };
            self.0.put(of, peer);
        }
        while self.0.len() > MAX_KNOWN.get()
            && let Some((_, other)) = self.0.pop_lru()
        {
            self.0.pop(&other.connection);
        }
    }

    /// A connection is over.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        if let Some(other) = self.0.pop(&connection) {
            self.0.pop(&other.connection);
        }
    }

    /// What the connection alone tells of the other end of an exchange.
    pub(super) fn other_end(&self, role: Role, connection: ConnectionId) -> OtherEnd {
        match role {
            Role::Server if self.of(connection).is_some() => OtherEnd::Unclear,
            _ => OtherEnd::Unknown,
        }
    }
}
