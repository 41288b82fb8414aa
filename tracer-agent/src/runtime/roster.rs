//! Which processes are traced, and which connections each has open.

use std::{collections::HashMap, sync::Arc};

use tracer_common::conn::ConnKey;
use tracer_core::segment::{ConnectionId, ProcessKey};

use crate::host::process::ProcessInfo;

/// Who a process is, or that it is none of our business; asked once per process.
pub trait Resolve {
    /// `None`: leave the process alone.
    fn resolve(&mut self, pid: u32) -> Option<Arc<ProcessInfo>>;
    /// The process is gone; its number may come back.
    fn gone(&mut self, pid: u32);
}

/// The processes that moved bytes so far.
#[derive(Debug)]
pub struct Roster<R> {
    resolver: R,
    members: HashMap<u32, Member>,
}

#[derive(Debug)]
enum Member {
    Traced {
        process: Arc<ProcessInfo>,
        /// Generation of the first connection that was seen: monotonic nanoseconds.
        since: u64,
        /// The current life of each TLS object.
        open: HashMap<u64, Life>,
    },
    Excluded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    generation: u64,
    source: u16,
}

/// Whose a connection is.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The connection as the kernel half names it.
    pub key: ConnKey,
    /// The process.
    pub process: &'a Arc<ProcessInfo>,
    /// The probed file, unless the connection is over.
    pub source: Option<u16>,
}

/// Where an event belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To this connection. If the TLS object had an earlier life whose end was not seen, that
    /// connection is over.
    Connection {
        /// The connection.
        id: ConnectionId,
        /// The one it replaces.
        replaces: Option<ConnectionId>,
    },
    /// To a process that was just found to be excluded: tell the kernel half.
    NewlyExcluded,
    /// To an excluded process.
    Excluded,
}

impl<R: Resolve> Roster<R> {
    /// An empty roster.
    pub fn new(resolver: R) -> Self {
        Self {
            resolver,
            members: HashMap::new(),
        }
    }

    /// The connection of an event; processes and connections are noted at their first one.
    pub fn place(&mut self, key: ConnKey, generation: u64, source: u16) -> Place {
        let life = Life { generation, source };
        if let Some(member) = self.members.get_mut(&key.tgid) {
            return match member {
                Member::Traced { process, open, .. } => {
                    let replaced = match open.insert(key.handle, life) {
                        Some(old) if old.generation != generation => Some(old.generation),
                        _ => None,
                    };
                    Place::Connection {
                        id: connection(process.key, key, generation),
                        replaces: replaced.map(|old| connection(process.key, key, old)),
                    }
                }
                Member::Excluded => Place::Excluded,
            };
        }
        match self.resolver.resolve(key.tgid) {
            Some(process) => {
                let id = connection(process.key, key, generation);
                let open = HashMap::from([(key.handle, life)]);
                self.members.insert(
                    key.tgid,
                    Member::Traced {
                        process,
                        since: generation,
                        open,
                    },
                );
                Place::Connection { id, replaces: None }
            }
            None => {
                self.members.insert(key.tgid, Member::Excluded);
                Place::NewlyExcluded
            }
        }
    }

    /// The connection of an event that ends it; nothing is noted for unknown ones.
    pub fn end(&mut self, key: ConnKey, generation: u64) -> Option<ConnectionId> {
        let Member::Traced { process, open, .. } = self.members.get_mut(&key.tgid)? else {
            return None;
        };
        if open
            .get(&key.handle)
            .is_some_and(|life| life.generation == generation)
        {
            open.remove(&key.handle);
        }
        Some(connection(process.key, key, generation))
    }

    /// The process that holds a connection, and the number of the probed file it was seen through.
    pub fn holder(&self, connection: ConnectionId) -> Option<Holder<'_>> {
        // Few processes have LLM connections, and this is asked once per call and verdict.
        self.members.iter().find_map(|(tgid, member)| match member {
            Member::Traced { process, open, .. } if process.key == connection.process => {
                let key = ConnKey {
                    tgid: *tgid,
                    zero: 0,
                    handle: connection.handle,
                };
                let life = open.get(&connection.handle);
                Some(Holder {
                    key,
                    process,
                    source: life.map(|life| life.source),
                })
            }
            _ => None,
        })
    }

    /// What a process has open.
    pub fn connections(&self, tgid: u32) -> Vec<(ConnKey, ConnectionId)> {
        let Some(Member::Traced { process, open, .. }) = self.members.get(&tgid) else {
            return Vec::new();
        };
        open.iter()
            .map(|(handle, life)| {
                let key = ConnKey {
                    tgid,
                    zero: 0,
                    handle: *handle,
                };
                (key, connection(process.key, key, life.generation))
            })
            .collect()
    }

    /// Everything that is open.
    pub fn all_connections(&self) -> Vec<(ConnKey, ConnectionId)> {
        self.members
            .keys()
            .flat_map(|tgid| self.connections(*tgid))
            .collect()
    }

    /// Whether an event with this key and generation begins a life.
    pub fn is_new(&self, key: ConnKey, generation: u64) -> bool {
        match self.members.get(&key.tgid) {
            Some(Member::Traced { open, .. }) => open
                .get(&key.handle)
                .is_none_or(|life| life.generation != generation),
            _ => true,
        }
    }

    /// If the process that is known by this id is not the one that has it now, as of a connection
    /// that began at `generation`: the time before which all belongs to the former.
    pub fn replaced(&mut self, tgid: u32, generation: u64) -> Option<u64> {
        let Some(Member::Traced { process, .. }) = self.members.get(&tgid) else {
            return None;
        };
        let now = self.resolver.resolve(tgid)?;
        (now.key != process.key).then_some(generation)
    }

    /// Forgets a process that has nothing open; its facts, if it was traced.
    pub fn remove_idle(&mut self, tgid: u32) -> Option<Arc<ProcessInfo>> {
        if let Some(Member::Traced { open, .. }) = self.members.get(&tgid)
            && !open.is_empty()
        {
            return None;
        }
        let member = self.members.remove(&tgid)?;
        self.resolver.gone(tgid);
        match member {
            Member::Traced { process, .. } => Some(process),
            Member::Excluded => None,
        }
    }

    /// Whether the process was known before a time (monotonic nanoseconds): else news of that
    /// time is about the one that had its id, or the program that ran in it, before.
    pub fn is_older(&self, tgid: u32, time: u64) -> bool {
        match self.members.get(&tgid) {
            Some(Member::Traced { since, .. }) => *since < time,
            Some(Member::Excluded) => true,
            None => false,
        }
    }

    /// Whether anything is known of the process.
    pub fn knows(&self, tgid: u32) -> bool {
        self.members.contains_key(&tgid)
    }
}

const fn connection(process: ProcessKey, key: ConnKey, generation: u64) -> ConnectionId {
    ConnectionId {
        process,
        handle: key.handle,
        generation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbers;

    impl Resolve for Numbers {
        fn resolve(&mut self, pid: u32) -> Option<Arc<ProcessInfo>> {
            (pid < 100).then(|| {
                Arc::new(ProcessInfo {
                    key: ProcessKey(u64::from(pid) * 10),
                    pid,
                    name: format!("p{pid}"),
                    resource: Vec::new(),
                })
            })
        }

        fn gone(&mut self, _pid: u32) {}
    }

    fn key(tgid: u32, handle: u64) -> ConnKey {
        ConnKey {
            tgid,
            zero: 0,
            handle,
        }
    }

    #[test]
    fn a_reused_object_ends_the_life_before() {
        let mut roster = Roster::new(Numbers);
        let first = ConnectionId {
            process: ProcessKey(70),
            handle: 1,
            generation: 5,
        };
        assert_eq!(
            roster.place(key(7, 1), 5, 0),
            Place::Connection {
                id: first,
                replaces: None
            }
        );
        assert_eq!(
            roster.place(key(7, 1), 5, 0),
            Place::Connection {
                id: first,
                replaces: None
            }
        );
        let second = ConnectionId {
            generation: 6,
            ..first
        };
        assert_eq!(
            roster.place(key(7, 1), 6, 0),
            Place::Connection {
                id: second,
                replaces: Some(first)
            }
        );
        assert_eq!(roster.end(key(7, 1), 6), Some(second));
        assert_eq!(roster.connections(7), vec![]);
    }

    #[test]
    fn excluded_processes_are_asked_about_once() {
        let mut roster = Roster::new(Numbers);
        assert_eq!(roster.place(key(100, 1), 1, 0), Place::NewlyExcluded);
        assert_eq!(roster.place(key(100, 2), 1, 0), Place::Excluded);
        assert_eq!(roster.end(key(100, 1), 1), None);
    }

    #[test]
    fn late_news_are_told_by_their_time() {
        let mut roster = Roster::new(Numbers);
        roster.place(key(7, 1), 50, 0);
        assert!(!roster.is_older(7, 40));
        assert!(roster.is_older(7, 60));
    }

    #[test]
    fn a_process_that_ends_gives_back_what_it_had_open() {
        let mut roster = Roster::new(Numbers);
        roster.place(key(7, 1), 5, 0);
        roster.place(key(7, 2), 6, 0);
        let mut open: Vec<u64> = roster
            .connections(7)
            .iter()
            .map(|(key, _)| key.handle)
            .collect();
        open.sort_unstable();
        assert_eq!(open, [1, 2]);
        roster.end(key(7, 1), 5);
        assert!(roster.remove_idle(7).is_none());
        roster.end(key(7, 2), 6);
        assert!(roster.remove_idle(7).is_some());
        assert!(!roster.knows(7));
    }
}
