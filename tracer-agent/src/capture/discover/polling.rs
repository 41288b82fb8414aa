//! Watching without perf events: a bounded look at the process table every second.
//!
//! New processes are looked at until they have settled, old ones in turn. What a process does
//! between two looks is seen late or, if it ends before, not at all.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::mapped::process_ids;

/// Time between two looks.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// How long a process is looked at on every tick.
const SETTLING: Duration = Duration::from_secs(5);
/// Settled processes looked at per tick.
const SETTLED_PER_TICK: usize = 64;

/// The process table as of the last tick.
#[derive(Debug, Default)]
pub(super) struct Polling {
    first_seen: HashMap<u32, Instant>,
    /// The settled process looked at last.
    cursor: u32,
}

/// What one tick asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tick {
    /// Processes to look at.
    pub(super) look_at: Vec<u32>,
    /// Processes that ended since the last tick.
    pub(super) exited: Vec<u32>,
}

impl Polling {
    /// Reads the process table.
    pub(super) fn tick(&mut self, proc_root: &Path, now: Instant) -> Tick {
        process_ids(proc_root).map_or_else(|_| Tick::default(), |ids| self.compare(ids, now))
    }

    fn compare(&mut self, mut ids: Vec<u32>, now: Instant) -> Tick {
        ids.sort_unstable();
        let known = |pid: &u32| ids.binary_search(pid).is_ok();
        let exited: Vec<u32> = self
            .first_seen
            .keys()
            .copied()
            .filter(|pid| !known(pid))
            .collect();
        self.first_seen.retain(|pid, _| known(pid));
        let (mut look_at, settled): (Vec<u32>, Vec<u32>) = ids.iter().partition(|pid| {
            let first = *self.first_seen.entry(**pid).or_insert(now);
            now.saturating_duration_since(first) < SETTLING
        });
        let after = settled.partition_point(|pid| *pid <= self.cursor);
        let in_turn = settled
            .iter()
            .cycle()
            .skip(after)
            .take(settled.len().min(SETTLED_PER_TICK));
        look_at.extend(in_turn);
        self.cursor = look_at.last().copied().unwrap_or_default();
        Tick { look_at, exited }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Polling, SETTLED_PER_TICK, Tick};

    #[test]
    fn every_process_gets_its_turn_and_exits_are_told() {
        let start = Instant::now();
        let mut polling = Polling::default();
        let ids: Vec<u32> = (1..=200).collect();
        assert_eq!(polling.compare(ids.clone(), start).look_at, ids);

        let later = start + Duration::from_secs(10);
        let mut looked_at = Vec::new();
        for _ in 0..4 {
            let tick = polling.compare(ids.clone(), later);
            assert_eq!(tick.look_at.len(), SETTLED_PER_TICK);
            looked_at.extend(tick.look_at);
        }
        looked_at.sort_unstable();
        looked_at.dedup();
        assert_eq!(looked_at, ids);

        let tick = polling.compare(vec![7, 300], later);
        assert_eq!(tick.exited.len(), 199);
        assert!(tick.look_at.contains(&300));
        let last = polling.compare(Vec::new(), later);
        assert_eq!(last.look_at, Tick::default().look_at);
    }
}
