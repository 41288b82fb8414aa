//! What is probed, file by file.

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{label::Labels, registry};
use crate::capture::plan::{ProbePlan, ProbeRole, TlsFamily};

/// Longest build id shown, in hexadecimal digits: enough to tell builds apart.
const BUILD_ID_DIGITS: usize = 12;

/// Gauges and counters by probed file.
#[derive(Debug, Default)]
pub struct CoverageMetrics {
    binaries: Family<Labels<3>, Gauge>,
    probes: Family<Labels<4>, Gauge>,
    calls: Family<Labels<2>, Counter>,
}

/// A probed file's series. Keep it with the file; give it back to
/// [`CoverageMetrics::detached`] when its probes are gone.
#[derive(Debug, Clone)]
pub struct BinaryCoverage {
    /// Calls seen through this file's probes.
    pub calls: Counter,
    binary: Labels<3>,
    probes: Vec<Labels<4>>,
}

impl CoverageMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self::default();
        registry::BINARIES.register(to, &metrics.binaries);
        registry::PROBES.register(to, &metrics.probes);
        registry::BINARY_CALLS.register(to, &metrics.calls);
        metrics
    }

    /// Probes of `plan` were attached to the file at `path` (as a person would name it) with
    /// `build_id` (hexadecimal, empty if it has none).
    pub fn attached(&self, path: &str, build_id: &str, plan: &ProbePlan) -> BinaryCoverage {
        let build_id = build_id.get(..BUILD_ID_DIGITS).unwrap_or(build_id);
        let binary = registry::BINARIES.series([path, build_id, family_name(plan.family)]);
        self.binaries.get_or_create(&binary).set(1);
        let mut probes = Vec::with_capacity(plan.points.len());
        for point in &plan.points {
            let cost = point.cost.to_string();
            let series = [path, build_id, role_name(point.role), cost.as_str()];
            let series = registry::PROBES.series(series);
            self.probes.get_or_create(&series).inc();
            probes.push(series);
        }
        let calls = registry::BINARY_CALLS.series([path, build_id]);
        BinaryCoverage {
            calls: self.calls.get_or_create_owned(&calls),
            binary,
            probes,
        }
    }

    /// The probes of a file are gone. Its counter of calls stays: counters do not vanish.
    pub fn detached(&self, coverage: &BinaryCoverage) {
        self.binaries.remove(&coverage.binary);
        for series in &coverage.probes {
            if self.probes.get_or_create_owned(series).dec() <= 1 {
                self.probes.remove(series);
            }
        }
    }
}

const fn family_name(family: TlsFamily) -> &'static str {
    match family {
        TlsFamily::OpenSsl => "openssl",
    }
}

const fn role_name(role: ProbeRole) -> &'static str {
    match role {
        ProbeRole::Read | ProbeRole::ReadResult => "read",
        ProbeRole::Write => "write",
        ProbeRole::Close => "close",
        ProbeRole::Shutdown => "shutdown",
    }
}
