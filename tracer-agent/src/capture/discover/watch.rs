//! How changes are noticed: by perf events where the kernel lets us, else by looking.

use std::io;
use std::time::Instant;

use super::perf_ring::{PerfRing, online_cpus};
use super::polling::Polling;

/// How changes are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchMode {
    /// By perf events, within milliseconds.
    Events,
    /// By looking at the process table every second.
    Polling {
        /// Why perf events cannot be used.
        reason: String,
    },
}

/// The same, with what it takes.
pub(super) enum Watch {
    Events(Vec<PerfRing>),
    Polling {
        polling: Polling,
        reason: String,
        tick_at: Instant,
    },
}

impl Watch {
    /// By events, unless they are refused.
    pub(super) fn start(now: Instant) -> Self {
        match open_rings() {
            Ok(rings) => Self::Events(rings),
            Err(reason) => Self::polling(reason, now),
        }
    }

    /// By looking, and why.
    pub(super) fn polling(reason: String, now: Instant) -> Self {
        Self::Polling {
            polling: Polling::default(),
            reason,
            tick_at: now,
        }
    }

    /// Listens to the processors that run now, and to those only; tells whether one of them is new.
    pub(super) fn follow_processors(&mut self) -> bool {
        let Self::Events(rings) = self else {
            return false;
        };
        let Ok(online) = online_cpus() else {
            return false;
        };
        rings.retain(|ring| online.contains(&ring.processor()));
        let known: Vec<u32> = rings.iter().map(PerfRing::processor).collect();
        let new = online.into_iter().filter(|cpu| !known.contains(cpu));
        // One that has stopped again is refused.
        rings.extend(new.filter_map(|cpu| PerfRing::open(cpu).ok()));
        rings.len() > known.len()
    }

    /// Without the means.
    pub(super) fn mode(&self) -> WatchMode {
        match self {
            Self::Events(_) => WatchMode::Events,
            Self::Polling { reason, .. } => WatchMode::Polling {
                reason: reason.clone(),
            },
        }
    }
}

/// How changes can be noticed by this process.
pub fn watch_mode() -> WatchMode {
    match open_rings() {
        Ok(_) => WatchMode::Events,
        Err(reason) => WatchMode::Polling { reason },
    }
}

/// All rings, or why there are none.
fn open_rings() -> Result<Vec<PerfRing>, String> {
    let open = |cpus: Vec<u32>| cpus.into_iter().map(PerfRing::open).collect();
    let rings: io::Result<_> = online_cpus().and_then(open);
    rings.map_err(|error| format!("perf events are refused (CAP_PERFMON lets them): {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::test_needs;

    #[test]
    fn a_processor_that_came_is_listened_to() {
        if !test_needs::may_trace() {
            return;
        }
        let mut watch = Watch::start(Instant::now());
        let processors = |watch: &Watch| match watch {
            Watch::Events(rings) => rings.iter().map(PerfRing::processor).collect(),
            Watch::Polling { reason, .. } => panic!("{reason}"),
        };
        let all: Vec<u32> = processors(&watch);
        assert!(!watch.follow_processors(), "all are known");
        if let Watch::Events(rings) = &mut watch {
            rings.remove(0);
        }
        assert!(watch.follow_processors());
        let mut now = processors(&watch);
        now.sort_unstable();
        assert_eq!(now, all);
    }
}
