//! Calls by process, for `doctor`. Told as a document of their own: metrics by process would never end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use serde::{Deserialize, Serialize};

/// Where the agent's endpoint tells them.
pub const PATH: &str = "/v1/processes";
/// Processes that are remembered; those whose last call is longest ago are forgotten first.
const REMEMBERED: usize = 4096;

/// What the endpoint tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenProcesses {
    /// In no order.
    pub processes: Vec<SeenProcess>,
}

/// A process, ended or not, of which calls were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenProcess {
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// When it was started, in clock ticks since boot: another process may have its id now.
    pub start_ticks: u64,
    /// Calls of which it is one end.
    pub calls: u64,
    /// Those of them that were seen at its sockets: without TLS.
    pub calls_at_sockets: u64,
}

/// Calls by process.
#[derive(Debug)]
pub struct CallsByProcess(Mutex<LruCache<(u32, u64), Calls>>);

#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    all: u64,
    at_sockets: u64,
}

impl CallsByProcess {
    pub(super) fn new() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(Mutex::new(LruCache::unbounded()))
    }

    /// Counts a call of the process that had this id and was started then.
    pub fn count(&self, pid: u32, start_ticks: u64, at_socket: bool) {
        let mut known = self.known();
        let calls = known.get_or_insert_mut((pid, start_ticks), Calls::default);
        calls.all += 1;
        calls.at_sockets += u64::from(at_socket);
        while known.len() > REMEMBERED {
            known.pop_lru();
        }
    }

    /// What was counted so far.
    pub fn told(&self) -> SeenProcesses {
        let known = self.known();
        let seen = |(&(pid, start_ticks), calls): (&(u32, u64), &Calls)| SeenProcess {
            pid,
            start_ticks,
            calls: calls.all,
            calls_at_sockets: calls.at_sockets,
        };
        SeenProcesses {
            processes: known.iter().map(seen).collect(),
        }
    }

    fn known(&self) -> MutexGuard<'_, LruCache<(u32, u64), Calls>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_for_each_life_of_a_process_id() {
        let calls = CallsByProcess::new();
        calls.count(7, 100, false);
        calls.count(7, 100, true);
        calls.count(7, 200, true);
        let mut told = calls.told().processes;
        told.sort_unstable_by_key(|process| process.start_ticks);
        let counts = told
            .iter()
            .map(|it| (it.pid, it.calls, it.calls_at_sockets));
        assert_eq!(counts.collect::<Vec<_>>(), [(7, 2, 1), (7, 1, 1)]);
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let calls = CallsByProcess::new();
        for pid in 0..5000 {
            calls.count(pid, 1, false);
            calls.count(0, 1, false);
        }
        let told = calls.told().processes;
        assert_eq!(told.len(), REMEMBERED);
        let first = told.iter().find(|it| it.pid == 0).unwrap();
        assert_eq!(first.calls, 5001);
        assert!(told.iter().all(|it| it.pid == 0 || it.pid > 900));
    }
}
