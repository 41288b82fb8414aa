//! Numbers processes, so that a reused process id is never taken for its former owner.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use tracer_core::segment::ProcessKey;

use super::process::{Inspector, ProcessInfo};

/// How long a process id is trusted to mean the same process without looking. Ends of processes
/// are reported; this is for those whose report was lost.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// The processes seen, by number and by process id. Bounded: beyond `limit` the oldest that has
/// ended is forgotten, else the oldest of all.
#[derive(Debug)]
pub struct ProcessTable {
    inspector: Inspector,
    limit: NonZeroUsize,
    next: u64,
    current: HashMap<u32, ProcessKey>,
    entries: BTreeMap<ProcessKey, Entry>,
    ended: VecDeque<ProcessKey>,
}

#[derive(Debug)]
struct Entry {
    info: Arc<ProcessInfo>,
    start_ticks: Option<u64>,
    checked: Instant,
}

impl ProcessTable {
    /// An empty table of at most `limit` processes.
    pub fn new(inspector: Inspector, limit: NonZeroUsize) -> Self {
        Self {
            inspector,
            limit,
            next: 1,
            current: HashMap::new(),
            entries: BTreeMap::new(),
            ended: VecDeque::new(),
        }
    }

    /// The process that has this id now. Reads its facts when it is new; about once a second looks
    /// whether it is still the same one; else costs two look-ups.
    pub fn resolve(&mut self, pid: u32, now: Instant) -> &Arc<ProcessInfo> {
        let key = match self.current.get(&pid).copied() {
            Some(key) if self.is_same(key, pid, now) => key,
            _ => self.insert(pid, now),
        };
        // Both arms leave an entry for the key.
        &self
            .entries
            .get_mut(&key)
            .expect("the entry was just found or made")
            .info
    }

    /// The facts of a process that was resolved before, ended or not.
    pub fn get(&self, key: ProcessKey) -> Option<&Arc<ProcessInfo>> {
        self.entries.get(&key).map(|entry| &entry.info)
    }

    /// The process ended. Its facts stay for calls that are still to be reported.
    pub fn exited(&mut self, pid: u32) {
        if let Some(key) = self.current.remove(&pid) {
            self.ended.push_back(key);
        }
    }

    /// The process runs another program from now on. It counts as a new one: nothing that was
    /// traced in it survives.
    pub fn executed(&mut self, pid: u32) {
        self.exited(pid);
    }

    /// Processes in the table.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn is_same(&mut self, key: ProcessKey, pid: u32, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(&key) else {
            return false;
        };
        if now.saturating_duration_since(entry.checked) < TRUSTED_FOR {
            return true;
        }
        entry.checked = now;
        // One that is gone may still have events on their way.
        let start_ticks = self.inspector.proc().stat(pid).map(|stat| stat.start_ticks);
        start_ticks.is_none() || start_ticks == entry.start_ticks
    }

    fn insert(&mut self, pid: u32, now: Instant) -> ProcessKey {
        self.exited(pid);
        while self.entries.len() >= self.limit.get() {
            self.forget_one();
        }
        let key = ProcessKey(self.next);
        self.next += 1;
        let stat = self.inspector.proc().stat(pid);
        let info = Arc::new(self.inspector.inspect(key, pid, stat.as_ref()));
        let start_ticks = stat.map(|stat| stat.start_ticks);
        self.entries.insert(
            key,
            Entry {
                info,
                start_ticks,
                checked: now,
            },
        );
        self.current.insert(pid, key);
        key
    }

    fn forget_one(&mut self) {
        if let Some(key) = self.ended.pop_front() {
            self.entries.remove(&key);
        } else if let Some((key, entry)) = self.entries.pop_first()
            && self.current.get(&entry.info.pid) == Some(&key)
        {
            self.current.remove(&entry.info.pid);
        }
    }
}
