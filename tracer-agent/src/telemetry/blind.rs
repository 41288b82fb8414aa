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
    label::{Label as _, Labels, labels},
    registry,
};
use crate::host::unseen::Unseen;

labels! {
    /// What a process does that is not seen whatever files are probed.
    UnseenLabel {
        /// It maps a TLS library that is not traced.
        ForeignTls = "foreign_tls",
        /// It is connected to port 443, and has no TLS that is known.
        UnknownTls = "unknown_tls",
        /// It uses QUIC.
        Quic = "quic",
        /// It has an io_uring.
        IoUring = "io_uring",
        /// The kernel may do its TLS.
        KernelTls = "ktls",
    }
}

impl From<&Unseen> for UnseenLabel {
    fn from(unseen: &Unseen) -> Self {
        match unseen {
            Unseen::ForeignTls { .. } => Self::ForeignTls,
            Unseen::UnknownTls => Self::UnknownTls,
            Unseen::Quic => Self::Quic,
            Unseen::IoUring => Self::IoUring,
            Unseen::KernelTls => Self::KernelTls,
        }
    }
}

/// Why calls are not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlindReason {
    /// What a file is, or that it is not to be read.
    File(FailureLabel),
    /// What a process does.
    Conduct(UnseenLabel),
}

impl BlindReason {
    fn name(self) -> &'static str {
        match self {
            Self::File(label) => label.name(),
            Self::Conduct(label) => label.name(),
        }
    }

    /// Reasons that are found in files.
    fn of_files() -> impl Iterator<Item = Self> {
        let of_file = FailureLabel::ALL.iter().filter(|label| label.is_of_file());
        let foreign = Self::Conduct(UnseenLabel::ForeignTls);
        of_file.map(|label| Self::File(*label)).chain([foreign])
    }
}

/// Files by reason.
pub type BlindFiles = HashMap<BlindReason, i64>;
/// Processes by runtime, if it is known, and reason.
pub type BlindProcesses = HashMap<(Option<&'static str>, BlindReason), i64>;

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
        for reason in BlindReason::of_files() {
            let series = registry::BLIND_FILES.series([reason.name()]);
            let count = files.get(&reason).copied().unwrap_or_default();
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

    fn of_processes(&self, (runtime, reason): &(Option<&'static str>, BlindReason)) -> Gauge {
        let series = [runtime.unwrap_or(OTHER), reason.name()];
        let series = registry::BLIND_PROCESSES.series(series);
        self.processes.get_or_create_owned(&series)
    }
}
