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
