//! Connections that are known to be the ends of one.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::{detect::Role, llm::call::OtherEnd, segment::ConnectionId};

/// Connections whose other ends are known; those that were silent longest are forgotten.
const MAX_KNOWN: NonZeroUsize = NonZeroUsize::new(16 << 10).unwrap();

/// Which connection is the other end of which, as requests have told.
#[derive(Debug)]
pub(super) struct Peers(LruCache<ConnectionId, ConnectionId>);

impl Default for Peers {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl Peers {
    /// The connection at the other end.
    pub(super) fn of(&self, connection: ConnectionId) -> Option<ConnectionId> {
        self.0.peek(&connection).copied()
    }

    /// Whether two connections may be the ends of one.
    pub(super) fn admit(&self, client: ConnectionId, server: ConnectionId) -> bool {
        match (self.of(client), self.of(server)) {
            (None, None) => true,
            (of_client, of_server) => of_client == Some(server) && of_server == Some(client),
        }
    }

    /// Two connections are the ends of one.
    pub(super) fn meet(&mut self, client: ConnectionId, server: ConnectionId) {
        self.0.put(client, server);
        self.0.put(server, client);
        while self.0.len() > MAX_KNOWN.get()
            && let Some((_, other)) = self.0.pop_lru()
        {
            self.0.pop(&other);
        }
    }

    /// A connection is over.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        if let Some(other) = self.0.pop(&connection) {
            self.0.pop(&other);
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
