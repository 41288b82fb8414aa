//! What is in use and not probed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    coverage::FailureLabel,
    label::{Label as _, Labels},
    registry,
};

/// Files by reason.
pub type BlindFiles = HashMap<FailureLabel, i64>;
/// Processes by runtime, if it is known, and reason.
pub type BlindProcesses = HashMap<(Option<&'static str>, FailureLabel), i64>;

/// How a runtime that is not known shows.
const OTHER: &str = "other";

/// Gauges of what is not seen.
#[derive(Debug)]
pub struct BlindMetrics {
    files: Family<Labels<1>, Gauge>,
    processes: Family<Labels<2>, Gauge>,
    /// Series of processes that were not zero when last shown.
    shown: Mutex<BlindProcesses>,
}

impl BlindMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            files: Family::default(),
            processes: Family::default(),
            shown: Mutex::default(),
        };
        registry::BLIND_FILES.register(to, &metrics.files);
        registry::BLIND_PROCESSES.register(to, &metrics.processes);
        metrics.show(&BlindFiles::new(), BlindProcesses::new());
        metrics
    }

    /// Shows what the last look at all processes found.
    pub fn show(&self, files: &BlindFiles, processes: BlindProcesses) {
        for reason in FailureLabel::ALL
            .iter()
            .filter(|reason| reason.is_of_file())
        {
            let series = registry::BLIND_FILES.series([reason.name()]);
            let count = files.get(reason).copied().unwrap_or_default();
            self.files.get_or_create(&series).set(count);
        }
        // Nothing panics while it is held.
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for key in shown.keys().filter(|key| !processes.contains_key(key)) {
            self.of_processes(key).set(0);
        }
        for (key, count) in &processes {
            self.of_processes(key).set(*count);
        }
        *shown = processes;
    }

    fn of_processes(&self, (runtime, reason): &(Option<&'static str>, FailureLabel)) -> Gauge {
        let series = [runtime.unwrap_or(OTHER), reason.name()];
        let series = registry::BLIND_PROCESSES.series(series);
        self.processes.get_or_create_owned(&series)
    }
}
