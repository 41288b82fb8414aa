//! Ids of sessions that several users have: with other keys at the same host they are others'.
//!
//! Bias: ids that are drawn are one session whatever the key, since clients change keys, and go on at
//! other hosts. An id that is counted or chosen (`chat-1`) is that of the key with which it came first;
//! with another one it gets the beginning of its digest. Wrong splits the session of a client that
//! changes keys in the middle.

use lru::LruCache;

use super::asking::NamedSession;
use crate::llm::content::{digest, join};

/// Ids of sessions whose keys are remembered.
const NAMED: usize = 16 << 10;

/// Who calls: by the name of a key, at the host that gave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) host: u64,
    pub(crate) key: u64,
}

/// The keys of sessions whose ids others may have, too.
#[derive(Debug)]
pub(super) struct Tenants(LruCache<u64, u64>);

impl Default for Tenants {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl Tenants {
    /// Makes the id of a session one of its tenant's own, if somebody else has it.
    pub(super) fn scope(&mut self, session: &mut NamedSession, tenant: Tenant) {
        if session.is_drawn {
            return;
        }
        let at_host = join(digest(&session.id), tenant.host);
        let first = *self.0.get_or_insert(at_host, || tenant.key);
        while self.0.len() > NAMED {
            self.0.pop_lru();
        }
        if first != tenant.key {
            session.id = format!("{}#{:08x}", session.id, tenant.key >> 32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_or_chosen_is_not_drawn() {
        for (id, expected) in [
            ("1", false),
            ("chat-1", false),
            ("chat-20261123", false),
            ("jane", false),
            ("conversation-monday", false),
            ("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", true),
            ("ses_4a7bQ9zx", true),
        ] {
            assert_eq!(NamedSession::is_drawn(id), expected, "{id}");
        }
    }
}
