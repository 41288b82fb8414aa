//! Which processes are traced, and which connections each has open.

use std::{collections::HashMap, sync::Arc};

use tracer_common::conn::ConnKey;
use tracer_core::segment::{ConnectionId, ProcessKey};

use crate::host::{process::ProcessInfo, table::Naming};

/// Who a process is, or that it is none of our business; asked once per process.
pub trait Resolve {
    /// Who began a connection at `time` (monotonic nanoseconds); `None`: leave the process alone.
    fn resolve(&mut self, pid: u32, time: u64) -> Option<Arc<ProcessInfo>>;
    /// What is known by now of a process of whose program nothing was.
    fn naming(&mut self, process: ProcessKey) -> Naming;
    /// All that processes did so far was told: there is time to wait for who they are.
    fn caught_up(&mut self);
    /// Whether another program began in the process, or another one under its id, since `time`.
    fn changed(&self, pid: u32, time: u64) -> bool;
    /// The process is gone; its number may come back.
    fn gone(&mut self, pid: u32);
    /// When the process that has this id now was started, in any unit; `None` if there is none.
    fn born(&self, pid: u32) -> Option<u64>;
}

/// Processes from whose number on the roster is due for a sweep. The kernel half follows half as
/// many connections, so a sweep always brings it below.
const MANY_PROCESSES: usize = 32 << 10;
/// Connections likewise.
const MANY_CONNECTIONS: usize = 32 << 10;
/// Connections beyond which a new one takes the place of another one of its process.
const MAX_CONNECTIONS: usize = 2 * MANY_CONNECTIONS;

/// The processes that moved bytes so far.
#[derive(Debug)]
pub struct Roster<R> {
    resolver: R,
    members: HashMap<u32, Member>,
    /// Ids of the traced ones.
    ids: HashMap<ProcessKey, u32>,
    /// Connections that they have open.
    open: usize,
}

#[derive(Debug)]
struct Member {
    /// When the process was started, as the resolver tells.
    born: Option<u64>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
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
    /// When it was started, as the resolver tells; `None` if it had ended before its first event came.
    pub born: Option<u64>,
    /// The probed file, unless the connection is over.
    pub source: Option<u16>,
}

/// Where an event belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To this connection. If the TLS object had an earlier life whose end was not seen, that
    /// connection is over; if there was no room, another one is.
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
    /// To an excluded program that runs no more: the next one in its process may be welcome.
    Over,
}

impl<R: Resolve> Roster<R> {
    /// An empty roster.
    pub fn new(resolver: R) -> Self {
        Self {
            resolver,
            members: HashMap::new(),
            ids: HashMap::new(),
            open: 0,
        }
    }

    /// The connection of an event; processes and connections are noted at their first one.
    pub fn place(&mut self, key: ConnKey, generation: u64, source: u16) -> Place {
        let life = Life { generation, source };
        if let Some(member) = self.members.get_mut(&key.tgid) {
            return match &mut member.kind {
                Kind::Traced { process, open, .. } => {
                    let id = connection(process.key, key, generation);
                    let mut replaced = open
                        .insert(key.handle, life)
                        .map(|old| (key.handle, old.generation));
                    if replaced.is_none() {
                        self.open += 1;
                        if self.open > MAX_CONNECTIONS {
                            replaced = take_other(open, key.handle);
                            self.open -= usize::from(replaced.is_some());
                        }
                    }
                    let replaces = replaced
                        .map(|(handle, generation)| {
                            connection(process.key, conn_key(key.tgid, handle), generation)
                        })
                        .filter(|old| *old != id);
                    Place::Connection { id, replaces }
                }
                Kind::Excluded => Place::Excluded,
            };
        }
        let born = self.resolver.born(key.tgid);
        let (kind, place) = match self.resolver.resolve(key.tgid, generation) {
            Some(process) => {
                let id = connection(process.key, key, generation);
                self.ids.insert(process.key, key.tgid);
                self.open += 1;
                let kind = Kind::Traced {
                    process,
                    since: generation,
                    open: HashMap::from([(key.handle, life)]),
                };
                (kind, Place::Connection { id, replaces: None })
            }
            None if self.resolver.changed(key.tgid, generation) => return Place::Over,
            None => (Kind::Excluded, Place::NewlyExcluded),
        };
        self.members.insert(key.tgid, Member { born, kind });
        place
    }

    /// The connection of an event that ends it; nothing is noted for unknown ones.
    pub fn end(&mut self, key: ConnKey, generation: u64) -> Option<ConnectionId> {
        let Kind::Traced { process, open, .. } = &mut self.members.get_mut(&key.tgid)?.kind else {
            return None;
        };
        if open
            .get(&key.handle)
            .is_some_and(|life| life.generation == generation)
        {
            open.remove(&key.handle);
            self.open -= 1;
        }
        Some(connection(process.key, key, generation))
    }

    /// The process that holds a connection, and the number of the probed file it was seen through.
    pub fn holder(&self, connection: ConnectionId) -> Option<Holder<'_>> {
        let tgid = *self.ids.get(&connection.process)?;
        let member = self.members.get(&tgid)?;
        let Kind::Traced { process, open, .. } = &member.kind else {
            return None;
        };
        let life = open.get(&connection.handle);
        Some(Holder {
            key: conn_key(tgid, connection.handle),
            process,
            born: member.born,
            source: life.map(|life| life.source),
        })
    }

    /// Asks again who a process was of which nothing is known: news of it may have come later than what it
    /// did.
    pub fn know_better(&mut self, process: ProcessKey) {
        let tgid = self.ids.get(&process);
        if let Some(member) = tgid.and_then(|tgid| self.members.get_mut(tgid))
            && let Kind::Traced { process: known, .. } = &mut member.kind
            && known.is_nameless
            && let Naming::Known(better) = self.resolver.naming(process)
        {
            *known = better;
        }
    }

    /// Whether it is known who a process is, that may be gone from here.
    pub fn naming(&mut self, process: ProcessKey) -> Naming {
        self.resolver.naming(process)
    }

    /// All that processes did so far was told.
    pub fn caught_up(&mut self) {
        self.resolver.caught_up();
    }

    /// What is known of a traced process.
    pub fn info(&self, process: ProcessKey) -> Option<&Arc<ProcessInfo>> {
        let tgid = *self.ids.get(&process)?;
        match self.kind(tgid)? {
            Kind::Traced { process, .. } => Some(process),
            Kind::Excluded => None,
        }
    }

    /// What a process has open.
    pub fn connections(&self, tgid: u32) -> Vec<(ConnKey, ConnectionId)> {
        let Some(Kind::Traced { process, open, .. }) = self.kind(tgid) else {
            return Vec::new();
        };
        open.iter()
            .map(|(handle, life)| {
                let key = conn_key(tgid, *handle);
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
        match self.kind(key.tgid) {
            Some(Kind::Traced { open, .. }) => open
                .get(&key.handle)
                .is_none_or(|life| life.generation != generation),
            _ => true,
        }
    }

    /// If the process that is known by this id is not the one that has it now, as of a connection
    /// that began at `generation`: the time before which all belongs to the former.
    pub fn replaced(&mut self, tgid: u32, generation: u64) -> Option<u64> {
        let Kind::Traced { process, .. } = &self.members.get(&tgid)?.kind else {
            return None;
        };
        let now = self.resolver.resolve(tgid, generation)?;
        (now.key != process.key).then_some(generation)
    }

    /// Forgets a process that has nothing open; its facts, if it was traced.
    pub fn remove_idle(&mut self, tgid: u32) -> Option<Arc<ProcessInfo>> {
        if let Some(Kind::Traced { open, .. }) = self.kind(tgid)
            && !open.is_empty()
        {
            return None;
        }
        let member = self.members.remove(&tgid)?;
        self.resolver.gone(tgid);
        match member.kind {
            Kind::Traced { process, .. } => {
                self.ids.remove(&process.key);
                Some(process)
            }
            Kind::Excluded => None,
        }
    }

    /// Whether the process was known before a time (monotonic nanoseconds): else news of that
    /// time is about the one that had its id, or the program that ran in it, before.
    pub fn is_older(&self, tgid: u32, time: u64) -> bool {
        match self.kind(tgid) {
            Some(Kind::Traced { since, .. }) => *since < time,
            Some(Kind::Excluded) => true,
            None => false,
        }
    }

    /// The traced process that has this id.
    pub fn process(&self, tgid: u32) -> Option<ProcessKey> {
        match self.kind(tgid)? {
            Kind::Traced { process, .. } => Some(process.key),
            Kind::Excluded => None,
        }
    }

    /// Whether anything is known of the process.
    pub fn knows(&self, tgid: u32) -> bool {
        self.members.contains_key(&tgid)
    }

    /// Whether the process is known to be none of our business.
    pub fn excludes(&self, tgid: u32) -> bool {
        matches!(self.kind(tgid), Some(Kind::Excluded))
    }

    /// The processes that are known to be none of our business.
    pub fn excluded(&self) -> Vec<u32> {
        let excluded = |(tgid, member): (&u32, &Member)| {
            matches!(member.kind, Kind::Excluded).then_some(*tgid)
        };
        self.members.iter().filter_map(excluded).collect()
    }

    /// Whether so much is noted that what is over, and was not told of, should be looked for now.
    pub fn is_full(&self) -> bool {
        self.members.len() >= MANY_PROCESSES || self.open >= MANY_CONNECTIONS
    }

    /// Processes whose end was not told: their id is free, or another one has it.
    pub fn departed(&self) -> Vec<u32> {
        let departed = |(tgid, member): (&u32, &Member)| {
            let now = self.resolver.born(*tgid);
            (now.is_none() || now != member.born).then_some(*tgid)
        };
        self.members.iter().filter_map(departed).collect()
    }

    /// Processes of which nothing is open: forgotten, they are known again with their next
    /// connection.
    pub fn idle(&self) -> Vec<u32> {
        let idle = |(tgid, member): (&u32, &Member)| match &member.kind {
            Kind::Traced { open, .. } => open.is_empty().then_some(*tgid),
            Kind::Excluded => Some(*tgid),
        };
        self.members.iter().filter_map(idle).collect()
    }

    fn kind(&self, tgid: u32) -> Option<&Kind> {
        self.members.get(&tgid).map(|member| &member.kind)
    }
}

/// Takes some connection but that of `handle`.
fn take_other(open: &mut HashMap<u64, Life>, handle: u64) -> Option<(u64, u64)> {
    let other = *open.keys().find(|other| **other != handle)?;
    let life = open.remove(&other)?;
    Some((other, life.generation))
}

const fn conn_key(tgid: u32, handle: u64) -> ConnKey {
    ConnKey {
        tgid,
        zero: 0,
        handle,
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
#[path = "roster_tests.rs"]
mod tests;
