//! What is probed, file by file.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    label::{ByLabel, Labels, labels},
    registry,
};
use crate::capture::{attach::AttachError, plan::ProbePlan, symbols::NotTraceable};

/// Files that are not probed any more and whose calls are still shown.
const MAX_RETIRED: usize = 128;
/// Longest build id shown, in hexadecimal digits: enough to tell builds apart.
const BUILD_ID_DIGITS: usize = 12;

labels! {
    /// Why a file is not probed.
    FailureLabel {
        /// The kernel refused a program.
        Program = "program",
        /// The kernel refused to attach it to this file.
        Link = "link",
        /// The file's path cannot be given to the kernel.
        Path = "path",
        /// Go's own TLS.
        Go = "go",
        /// rustls.
        Rustls = "rustls",
        /// TLS of nobody who is known.
        Unknown = "unknown",
        /// TLS of the Java virtual machine.
        Java = "java",
        /// GnuTLS.
        GnuTls = "gnutls",
        /// NSS.
        Nss = "nss",
        /// Built in without symbols.
        Stripped = "stripped",
        /// For another machine.
        Architecture = "architecture",
        /// Too many files are probed already.
        TooMany = "too_many",
        /// Seen by return probes only, which are not used.
        ReturnProbes = "return_probes",
        /// Not to be read, or not sound.
        Unreadable = "unreadable",
        /// No function to probe.
        NoFunctions = "no_functions",
    }
}

impl FailureLabel {
    /// Whether it is found in the file itself.
    pub(super) const fn is_of_file(self) -> bool {
        !matches!(
            self,
            Self::Program | Self::Link | Self::Path | Self::NoFunctions
        )
    }
}

impl From<&AttachError> for FailureLabel {
    fn from(error: &AttachError) -> Self {
        match error {
            AttachError::Load(_) => Self::Program,
            AttachError::Path(_) => Self::Path,
            AttachError::Link { .. } | AttachError::Perf { .. } => Self::Link,
        }
    }
}

impl From<&NotTraceable> for FailureLabel {
    fn from(reason: &NotTraceable) -> Self {
        match reason {
            NotTraceable::NoTlsSymbols => Self::NoFunctions,
            NotTraceable::Go | NotTraceable::OldGo => Self::Go,
            NotTraceable::Rustls => Self::Rustls,
            NotTraceable::StrippedBoringSsl | NotTraceable::StrippedOpenSsl => Self::Stripped,
            NotTraceable::Unknown => Self::Unknown,
            NotTraceable::Java => Self::Java,
            NotTraceable::GnuTls => Self::GnuTls,
            NotTraceable::Nss => Self::Nss,
            NotTraceable::WrongArchitecture(_) => Self::Architecture,
            NotTraceable::NeedsReturnProbes => Self::ReturnProbes,
            NotTraceable::TooManyFiles(_) => Self::TooMany,
            NotTraceable::Unreadable(_) => Self::Unreadable,
        }
    }
}

/// What labels show of a build id (hexadecimal).
pub fn shown_build_id(build_id: &str) -> &str {
    build_id.get(..BUILD_ID_DIGITS).unwrap_or(build_id)
}

/// Gauges and counters by probed file.
#[derive(Debug)]
pub struct CoverageMetrics {
    binaries: Family<Labels<3>, Gauge>,
    files: Family<Labels<2>, Gauge>,
    probes: Family<Labels<4>, Gauge>,
    calls: Family<Labels<2>, Counter>,
    /// Series of `calls` whose file is not probed any more, the latest last.
    retired: Mutex<VecDeque<Labels<2>>>,
    /// Attempts to probe a file that failed.
    pub failures: ByLabel<FailureLabel>,
    /// Files that were gone before they were looked at.
    pub gone: Counter,
    /// News of processes that were lost.
    pub lost_news: Counter,
}

/// A probed file's series. Keep it with the file; give it back to
/// [`CoverageMetrics::detached`] when its probes are gone.
#[derive(Debug, Clone)]
pub struct BinaryCoverage {
    /// Calls seen through this file's probes.
    pub calls: Counter,
    calls_of: Labels<2>,
    /// One for each TLS implementation in it.
    binaries: Vec<Labels<3>>,
    files: Vec<Labels<2>>,
    probes: Vec<Labels<4>>,
}

impl CoverageMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            binaries: Family::default(),
            files: Family::default(),
            probes: Family::default(),
            calls: Family::default(),
            retired: Mutex::default(),
            failures: ByLabel::register(&registry::ATTACH_FAILURES, to),
            gone: Counter::default(),
            lost_news: Counter::default(),
        };
        registry::FILES_GONE.register(to, &metrics.gone);
        registry::LOST_NEWS.register(to, &metrics.lost_news);
        registry::BINARIES.register(to, &metrics.binaries);
        registry::COVERAGE_FILES.register(to, &metrics.files);
        registry::PROBES.register(to, &metrics.probes);
        registry::BINARY_CALLS.register(to, &metrics.calls);
        metrics
    }

    /// Probes of `plan` were attached to the file at `path` (as a person would name it) with
    /// `build_id` (hexadecimal, empty if it has none).
    pub fn attached(&self, path: &str, build_id: &str, plan: &ProbePlan) -> BinaryCoverage {
        let build_id = shown_build_id(build_id);
        let mut binaries = Vec::with_capacity(plan.found.len());
        let mut files = Vec::with_capacity(plan.found.len());
        for found in &plan.found {
            let binary = registry::BINARIES.series([path, build_id, found.family.name()]);
            self.binaries.get_or_create(&binary).set(1);
            binaries.push(binary);
            let file = [found.family.name(), found.located.name()];
            let file = registry::COVERAGE_FILES.series(file);
            self.files.get_or_create(&file).inc();
            files.push(file);
        }
        let mut probes = Vec::with_capacity(plan.points.len());
        for point in &plan.points {
            let cost = point.cost.to_string();
            let series = [path, build_id, point.role.name(), cost.as_str()];
            let series = registry::PROBES.series(series);
            self.probes.get_or_create(&series).inc();
            probes.push(series);
        }
        let calls = registry::BINARY_CALLS.series([path, build_id]);
        self.retired().retain(|retired| *retired != calls);
        BinaryCoverage {
            calls: self.calls.get_or_create_owned(&calls),
            calls_of: calls,
            binaries,
            files,
            probes,
        }
    }

    /// Sockets are looked at: they are shown like a file. Returns the counter of calls seen there.
    pub fn sockets(&self) -> Counter {
        let [binary, build_id, family] = ["socket", "", "none"];
        let series = registry::BINARIES.series([binary, build_id, family]);
        self.binaries.get_or_create(&series).set(1);
        let calls = registry::BINARY_CALLS.series([binary, build_id]);
        self.calls.get_or_create_owned(&calls)
    }

    /// The probes of a file are gone. Its counter of calls stays for a while, so that nobody misses
    /// the last of them.
    pub fn detached(&self, coverage: &BinaryCoverage) {
        for binary in &coverage.binaries {
            self.binaries.remove(binary);
        }
        for file in &coverage.files {
            self.files.get_or_create_owned(file).dec();
        }
        for series in &coverage.probes {
            if self.probes.get_or_create_owned(series).dec() <= 1 {
                self.probes.remove(series);
            }
        }
        let mut retired = self.retired();
        retired.push_back(coverage.calls_of.clone());
        while retired.len() > MAX_RETIRED
            && let Some(oldest) = retired.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }

    fn retired(&self) -> MutexGuard<'_, VecDeque<Labels<2>>> {
        // Nothing panics while it is held.
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
