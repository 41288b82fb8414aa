//! What was found of calls.

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tracer_core::evaluation::{Evaluation, Label};

use super::{label::Labels, registry};

/// The label of those that have a score alone.
const NO_LABEL: &str = "none";

/// Counters of evaluations, by name and label: both are of closed lists.
#[derive(Debug)]
pub struct EvaluationMetrics {
    found: Family<Labels<2>, Counter>,
    /// Evaluations that other programs posted.
    pub received: Counter,
    /// Evaluations of calls that had ended and had not left.
    pub withheld: Counter,
}

impl EvaluationMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            found: Family::default(),
            received: Counter::default(),
            withheld: Counter::default(),
        };
        registry::EVALUATIONS.register(to, &metrics.found);
        registry::EVALUATIONS_RECEIVED.register(to, &metrics.received);
        registry::EVALUATIONS_WITHHELD.register(to, &metrics.withheld);
        metrics
    }

    /// Counts what was found of one span.
    pub fn count(&self, evaluations: &[Evaluation]) {
        for evaluation in evaluations {
            let label = evaluation.label.map_or(NO_LABEL, Label::name);
            let values = [evaluation.check.name(), label];
            let series = registry::EVALUATIONS.series(values);
            self.found.get_or_create(&series).inc();
        }
    }
}
