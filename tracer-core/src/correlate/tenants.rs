//! Ids of sessions that several users have: with other keys at the same host they are others'.
//!
//! Bias: ids that are drawn are one session whatever the key, since clients change keys, and go on at
//! other hosts. An id that is counted or chosen (`chat-1`) is that of the key with which it came first;
//! with another one it gets a mark of our own, which tells nothing of the key: names of keys may be what
//! never leaves. Wrong splits the session of a client that changes keys in the middle.

use super::{asking::NamedSession, ids::Ids};
use crate::{
    latest::Latest,
    llm::content::{digest, join},
};

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
pub(super) struct Tenants(Latest<u64, u64>);

impl Default for Tenants {
    fn default() -> Self {
        Self(Latest::new(NAMED))
    }
}

impl Tenants {
    /// Makes the id of a session one of its tenant's own, if somebody else has it.
    pub(super) fn scope(&mut self, session: &mut NamedSession, tenant: Tenant, ids: &Ids) {
        if session.is_drawn {
            return;
        }
        let at_host = join(digest(&session.id), tenant.host);
        let first = *self.0.get_or_insert_with(at_host, || tenant.key);
        if first != tenant.key {
            // With the session in it: one mark for all sessions of a key would be a name of the key.
            let mark = ids.mark((at_host, tenant.key));
            session.id = format!("{}#{mark:08x}", session.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::IdKey;

    /// Its name is `key-` and its digits, and may be an attribute that never leaves.
    #[test]
    fn the_mark_of_a_session_tells_nothing_of_the_key() {
        let ids = Ids::new(&IdKey::Fixed(1));
        let mut tenants = Tenants::default();
        let mut scoped = |session: &str, key| {
            let mut session = NamedSession {
                source: "x-session-id",
                id: session.to_owned(),
                is_drawn: false,
                agent: None,
            };
            tenants.scope(&mut session, Tenant { host: 1, key }, &ids);
            session.id
        };
        let key = 0x0123_4567_89ab_cdef;
        assert_eq!(
            [scoped("chat-1", 1), scoped("chat-2", 1)],
            ["chat-1", "chat-2"]
        );
        let marks = ["chat-1", "chat-2"].map(|session| {
            let id = scoped(session, key);
            assert_eq!(id, scoped(session, key), "the same session");
            let (own, mark) = id.split_once('#').expect("a mark");
            assert_eq!((own, mark.len()), (session, 8));
            assert!(!format!("{key:016x}").contains(mark), "{id}");
            mark.to_owned()
        });
        assert_ne!(marks[0], marks[1], "they would be a name of the key");
    }

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
