//! Numbers processes, so that a reused process id is never taken for its former owner.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use tracer_core::segment::ProcessKey;

use super::{process::ProcessInfo, witness::Witness};

/// How long a process id is trusted to mean the same process without looking. Ends of processes
/// are reported; this is for those whose report was lost, or comes after their last calls.
const TRUSTED_FOR: Duration = Duration::from_millis(20);

/// Whether it is known who a process is.
#[derive(Debug, Clone)]
pub enum Naming {
    /// It is.
    Known(Arc<ProcessInfo>),
    /// News of the time of its calls are still to come.
    Expected,
    /// It is not, and will not be.
    Unknown,
}

/// Processes that have ended and are remembered: what they did last may be told later, and who they
/// were. Their facts take some kilobytes each.
const ENDED: usize = 256;

/// The processes seen, by number and by process id. Bounded: of those that have ended the last few are
/// remembered, and beyond `limit` the oldest of all is forgotten.
#[derive(Debug)]
pub struct ProcessTable {
    witness: Witness,
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
    /// When the latest call was made that it was asked for.
    called: u64,
    checked: Instant,
}

impl ProcessTable {
    /// An empty table of at most `limit` processes that `witness` knows.
    pub fn new(witness: Witness, limit: NonZeroUsize) -> Self {
        Self {
            witness,
            limit,
            next: 1,
            current: HashMap::new(),
            entries: BTreeMap::new(),
            ended: VecDeque::new(),
        }
    }

    /// The process that had this id at `time` (monotonic nanoseconds), not before the last time it
    /// was asked for; `None` if it is to be left alone. Its facts are found out when it is new; every
    /// now and then it looks whether it is still the same one; else it costs some look-ups.
    pub fn resolve(&mut self, pid: u32, time: u64, now: Instant) -> Option<&Arc<ProcessInfo>> {
        let key = match self.current.get(&pid).copied() {
            Some(key) if self.is_same(key, pid, time, now) => key,
            _ => self.insert(pid, time, now)?,
        };
        self.get(key)
    }

    /// The facts of a process that was resolved before, ended or not.
    pub fn get(&self, key: ProcessKey) -> Option<&Arc<ProcessInfo>> {
        self.entries.get(&key).map(|entry| &entry.info)
    }

    /// Who a process is of whose program nothing was known when it was resolved.
    pub fn naming(&mut self, key: ProcessKey) -> Naming {
        let Some(entry) = self.entries.get_mut(&key) else {
            return Naming::Unknown;
        };
        if !entry.info.is_nameless {
            return Naming::Known(Arc::clone(&entry.info));
        }
        // Asked first: what comes in between is looked for below.
        let is_behind = self.witness.is_behind(entry.called);
        let Some(facts) = self.witness.identify_again(entry.info.pid, entry.called) else {
            return if is_behind {
                Naming::Expected
            } else {
                Naming::Unknown
            };
        };
        entry.info = Arc::new(ProcessInfo {
            revision: entry.info.revision.saturating_add(1),
            ..facts.numbered(key)
        });
        Naming::Known(Arc::clone(&entry.info))
    }

    /// The process ended. Its facts stay for calls that are still to be reported.
    pub fn exited(&mut self, pid: u32) {
        if let Some(key) = self.current.remove(&pid) {
            self.ended.push_back(key);
            if self.ended.len() > ENDED {
                self.forget_one();
            }
        }
    }

    /// Processes in the table.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn is_same(&mut self, key: ProcessKey, pid: u32, time: u64, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(&key) else {
            return false;
        };
        let called = entry.called;
        if self.witness.changed(pid, called, time) {
            return false;
        }
        entry.called = called.max(time);
        if now.saturating_duration_since(entry.checked) < TRUSTED_FOR {
            return true;
        }
        entry.checked = now;
        let start_ticks = self.witness.proc().stat(pid).map(|stat| stat.start_ticks);
        if start_ticks.is_none() {
            // One that is gone may still have events on their way, and may have run another program.
            self.witness.wait_for_news(time);
            return !self.witness.changed(pid, called, time);
        }
        start_ticks == entry.start_ticks
    }

    fn insert(&mut self, pid: u32, time: u64, now: Instant) -> Option<ProcessKey> {
        self.exited(pid);
        let facts = self.witness.identify(pid, time)?;
        while self.entries.len() >= self.limit.get() {
            self.forget_one();
        }
        let key = ProcessKey(self.next);
        self.next += 1;
        self.entries.insert(
            key,
            Entry {
                info: Arc::new(facts.numbered(key)),
                start_ticks: facts.start_ticks,
                called: time,
                checked: now,
            },
        );
        self.current.insert(pid, key);
        Some(key)
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
