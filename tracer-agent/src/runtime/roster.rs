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
        /// Generation of the current life of each TLS object.
        open: HashMap<u64, u64>,
    },
    Excluded,
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
        Self { resolver, members: HashMap::new() }
    }

    /// The connection of an event; processes and connections are noted at their first one.
    pub fn place(&mut self, key: ConnKey, generation: u64) -> Place {
        if let Some(member) = self.members.get_mut(&key.tgid) {
            return match member {
                Member::Traced { process, open } => {
                    let replaced = match open.insert(key.handle, generation) {
                        Some(old) if old != generation => Some(old),
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
                let open = HashMap::from([(key.handle, generation)]);
                self.members.insert(key.tgid, Member::Traced { process, open });
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
        let Member::Traced { process, open } = self.members.get_mut(&key.tgid)? else {
            return None;
        };
        if open.get(&key.handle) == Some(&generation) {
            open.remove(&key.handle);
        }
        Some(connection(process.key, key, generation))
    }

    /// Facts of a traced process.
    pub fn process(&self, tgid: u32) -> Option<&Arc<ProcessInfo>> {
        match self.members.get(&tgid)? {
            Member::Traced { process, .. } => Some(process),
            Member::Excluded => None,
        }
    }

    /// The process that holds a connection.
    pub fn holder(&self, connection: ConnectionId) -> Option<(ConnKey, &Arc<ProcessInfo>)> {
        // Few processes have LLM connections, and this is asked once per call and verdict.
        self.members.iter().find_map(|(tgid, member)| match member {
            Member::Traced { process, .. } if process.key == connection.process => {
                let key = ConnKey { tgid: *tgid, zero: 0, handle: connection.handle };
                Some((key, process))
            }
            _ => None,
        })
    }

    /// Removes a process; what it had open.
    pub fn remove(&mut self, tgid: u32) -> Vec<(ConnKey, ConnectionId)> {
        let Some(member) = self.members.remove(&tgid) else { return Vec::new() };
        self.resolver.gone(tgid);
        match member {
            Member::Traced { process, open } => open
                .into_iter()
                .map(|(handle, generation)| {
                    let key = ConnKey { tgid, zero: 0, handle };
                    (key, connection(process.key, key, generation))
                })
                .collect(),
            Member::Excluded => Vec::new(),
        }
    }

    /// Whether anything is known of the process.
    pub fn knows(&self, tgid: u32) -> bool {
        self.members.contains_key(&tgid)
    }
}

const fn connection(process: ProcessKey, key: ConnKey, generation: u64) -> ConnectionId {
    ConnectionId { process, handle: key.handle, generation }
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
        ConnKey { tgid, zero: 0, handle }
    }

    #[test]
    fn a_reused_object_ends_the_life_before() {
        let mut roster = Roster::new(Numbers);
        let first = ConnectionId { process: ProcessKey(70), handle: 1, generation: 5 };
        assert_eq!(roster.place(key(7, 1), 5), Place::Connection { id: first, replaces: None });
        assert_eq!(roster.place(key(7, 1), 5), Place::Connection { id: first, replaces: None });
        let second = ConnectionId { generation: 6, ..first };
        assert_eq!(
            roster.place(key(7, 1), 6),
            Place::Connection { id: second, replaces: Some(first) }
        );
        assert_eq!(roster.end(key(7, 1), 6), Some(second));
        assert_eq!(roster.remove(7), vec![]);
    }

    #[test]
    fn excluded_processes_are_asked_about_once() {
        let mut roster = Roster::new(Numbers);
        assert_eq!(roster.place(key(100, 1), 1), Place::NewlyExcluded);
        assert_eq!(roster.place(key(100, 2), 1), Place::Excluded);
        assert_eq!(roster.end(key(100, 1), 1), None);
    }

    #[test]
    fn a_process_that_ends_gives_back_what_it_had_open() {
        let mut roster = Roster::new(Numbers);
        roster.place(key(7, 1), 5);
        roster.place(key(7, 2), 6);
        let mut open: Vec<u64> = roster.remove(7).iter().map(|(key, _)| key.handle).collect();
        open.sort_unstable();
        assert_eq!(open, [1, 2]);
        assert!(!roster.knows(7));
    }
}
