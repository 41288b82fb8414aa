//! One handle to all of the agent's metrics.

use std::sync::Arc;

use prometheus_client::{
    encoding::text,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    blind::BlindMetrics, budgets::BudgetMetrics, calls::CallMetrics, capture::CaptureMetrics,
    core::CoreMetrics, coverage::CoverageMetrics, evaluations::EvaluationMetrics,
    export::ExportMetrics, kubernetes::KubernetesMetrics, label::Labels, policy::PolicyMetrics,
    process::ProcessCollector, processes::CallsByProcess, registry,
};

/// All of the agent's metrics; cheap to clone.
#[derive(Debug, Clone)]
pub struct Telemetry(Arc<Inner>);

/// The metrics by area, reached through [`Telemetry`].
#[derive(Debug)]
pub struct Inner {
    /// What the kernel handed over, and what it did not.
    pub capture: CaptureMetrics,
    /// What the core made of it.
    pub core: CoreMetrics,
    /// What was understood.
    pub calls: CallMetrics,
    /// What is probed.
    pub coverage: CoverageMetrics,
    /// What is in use and not probed.
    pub blind: BlindMetrics,
    /// What was delivered.
    pub export: ExportMetrics,
    /// What the Kubernetes API told.
    pub kubernetes: KubernetesMetrics,
    /// What is spent.
    pub budgets: BudgetMetrics,
    /// What the policy let out.
    pub policy: PolicyMetrics,
    /// What was found of calls.
    pub evaluations: EvaluationMetrics,
    /// Whose calls were seen: no metric.
    pub processes: CallsByProcess,
    registry: Registry,
}

impl Telemetry {
    /// Content type of [`Telemetry::render`].
    pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// All metrics, at zero.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let build = Family::<Labels<1>, Gauge>::default();
        registry::BUILD_INFO.register(&mut registry, &build);
        build
            .get_or_create(&registry::BUILD_INFO.series([env!("CARGO_PKG_VERSION")]))
            .set(1);
        registry.register_collector(Box::new(ProcessCollector));
        Self(Arc::new(Inner {
            capture: CaptureMetrics::register(&mut registry),
            core: CoreMetrics::register(&mut registry),
            calls: CallMetrics::register(&mut registry),
            coverage: CoverageMetrics::register(&mut registry),
            blind: BlindMetrics::register(&mut registry),
            export: ExportMetrics::register(&mut registry),
            kubernetes: KubernetesMetrics::register(&mut registry),
            budgets: BudgetMetrics::register(&mut registry),
            policy: PolicyMetrics::register(&mut registry),
            evaluations: EvaluationMetrics::register(&mut registry),
            processes: CallsByProcess::new(),
            registry,
        }))
    }

    /// The state of all metrics in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail, and the metrics' encoders raise no errors of their own.
        let _ = text::encode(&mut text, &self.0.registry);
        text
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl std::ops::Deref for Telemetry {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capture::plan::{
            CountLocation, Located, ProbeCost, ProbePlan, ProbePoint, ProbeRole, TlsFamily,
        },
        export::samples,
        telemetry::{
            REGISTRY,
            blind::{BlindFiles, BlindReason},
            calls::{OutcomeLabel, SideLabel},
            capture::LossReason,
            coverage::FailureLabel,
            registry::Kind,
        },
    };

    fn plan() -> ProbePlan {
        let point = |role| ProbePoint {
            role,
            file_offset: 0,
            count: CountLocation::Return,
            name: String::new(),
            cost: ProbeCost::Emulated,
        };
        let points = vec![
            point(ProbeRole::Read),
            point(ProbeRole::Read),
            point(ProbeRole::Close),
        ];
        ProbePlan::new(TlsFamily::OpenSsl, Located::Symbols, points)
    }

    #[test]
    fn every_documented_metric_is_scraped_and_no_other() {
        let telemetry = Telemetry::new();
        telemetry
            .calls
            .count_outcome(SideLabel::Client, "openai", OutcomeLabel::Success);
        telemetry.export.signal("otlp", "traces");
        telemetry.export.queue("otlp", "traces");
        telemetry
            .coverage
            .attached("/usr/lib/libssl.so.3", "00112233445566778899", &plan());
        let java = [((Some("java"), BlindReason::File(FailureLabel::Java)), 1)];
        telemetry.blind.show(&BlindFiles::new(), java.into());
        telemetry.budgets.exceeded("search");
        telemetry.evaluations.count(&[samples::truncated()]);
        let text = telemetry.render();
        let mut scraped: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .map(|line| match line.split_once(' ') {
                Some((name, "counter")) => format!("{name}_total"),
                Some((name, _)) => name.to_owned(),
                None => panic!("no type in {line}"),
            })
            .collect();
        scraped.sort();
        let mut documented: Vec<_> = REGISTRY.iter().map(|info| info.name.to_owned()).collect();
        documented.sort();
        assert_eq!(scraped, documented);
        for info in REGISTRY.iter().filter(|info| info.kind == Kind::Gauge) {
            assert!(
                text.contains(&format!("# TYPE {} gauge", info.name)),
                "{}",
                info.name
            );
        }
    }

    #[test]
    fn values_are_scraped_with_their_labels() {
        let telemetry = Telemetry::new();
        telemetry
            .capture
            .lost_bytes
            .of(LossReason::RingFull)
            .inc_by(7);
        telemetry.capture.ring_used(10);
        telemetry.capture.ring_used(3);
        let coverage = telemetry
            .coverage
            .attached("/lib/libssl.so.3", "00112233445566", &plan());
        coverage.calls.inc();
        let text = telemetry.render();
        for line in [
            r#"llm_tracer_lost_bytes_total{reason="ring_full"} 7"#,
            r#"llm_tracer_lost_bytes_total{reason="memory_fault"} 0"#,
            "llm_tracer_ring_used_bytes_max 10",
            r#"llm_tracer_probes{binary="/lib/libssl.so.3",build_id="001122334455",role="read",cost="emulated"} 2"#,
            r#"llm_tracer_binary_calls_total{binary="/lib/libssl.so.3",build_id="001122334455"} 1"#,
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is missing in\n{text}"
            );
        }
        telemetry.coverage.detached(&coverage);
        assert!(!telemetry.render().contains("llm_tracer_probes{"));
    }

    #[test]
    fn files_that_come_and_go_do_not_add_up() {
        let telemetry = Telemetry::new();
        let series = || {
            let text = telemetry.render();
            text.lines().filter(|line| line.contains("/lib/")).count()
        };
        let attach = |n: u32| {
            let id = format!("{n:012x}");
            telemetry
                .coverage
                .attached("/lib/libssl.so.3", &id, &plan())
        };
        for n in 0..1000 {
            let coverage = attach(n);
            coverage.calls.inc();
            telemetry.coverage.detached(&coverage);
        }
        assert_eq!(series(), 128);
        // One that is back goes on where it was.
        assert_eq!(attach(999).calls.get(), 1);
    }
}
