//! What is spent of budgets.

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::{label::Labels, registry};

/// Counters of budgets.
#[derive(Debug)]
pub struct BudgetMetrics {
    exceeded: Family<Labels<1>, Counter>,
    /// Calls that no account was free for.
    pub unwatched: Counter,
}

impl BudgetMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            exceeded: Family::default(),
            unwatched: Counter::default(),
        };
        registry::BUDGET_EXCEEDED.register(to, &metrics.exceeded);
        registry::BUDGET_UNWATCHED.register(to, &metrics.unwatched);
        metrics
    }

    /// The counter of a budget, which the operator named.
    pub fn exceeded(&self, budget: &str) -> Counter {
        let series = registry::BUDGET_EXCEEDED.series([budget]);
        self.exceeded.get_or_create_owned(&series)
    }
}
