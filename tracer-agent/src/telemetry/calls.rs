//! What was understood.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tracer_core::llm::call::{CallFacts, CaptureState, Outcome};

use super::{
    label::{ByLabel, Label, Labels, labels},
    registry,
};

/// Most providers that get series of their own; the rest share [`OTHER_PROVIDER`]. A provider's
/// name can follow a host name, which the observed processes choose.
const MAX_PROVIDERS: usize = 64;
const OTHER_PROVIDER: &str = "_OTHER";

labels! {
    /// How a call went.
    OutcomeLabel {
        /// An answer.
        Success = "success",
        /// The provider reported an error.
        Failed = "failed",
        /// Over before the answer was complete.
        Cancelled = "cancelled",
    }
}

labels! {
    /// What was wrong with the capture of a call.
    IncompleteLabel {
        /// Some header fields are unknown.
        Headers = "headers",
        /// It was still under way when the agent stopped looking.
        Open = "open",
        /// Bytes were lost.
        Gap = "gap",
        /// A bound of ours was passed.
        Truncated = "truncated",
        /// A body could not be decoded.
        Undecodable = "undecodable",
    }
}

/// Counters of calls.
#[derive(Debug)]
pub struct CallMetrics {
    calls: Family<Labels<2>, Counter>,
    by_provider: Mutex<HashMap<String, [Counter; OutcomeLabel::ALL.len()]>>,
    incomplete: ByLabel<IncompleteLabel>,
    /// Exchanges that were made but could not be reported.
    pub lost_exchanges: Counter,
}

impl CallMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            calls: Family::default(),
            by_provider: Mutex::default(),
            incomplete: ByLabel::register(&registry::INCOMPLETE_CALLS, to),
            lost_exchanges: Counter::default(),
        };
        registry::CALLS.register(to, &metrics.calls);
        registry::LOST_EXCHANGES.register(to, &metrics.lost_exchanges);
        metrics
    }

    /// Counts one reported call.
    pub fn count(&self, call: &CallFacts) {
        self.count_outcome(&call.provider.0, outcome(&call.outcome));
        if let Some(label) = incomplete(call.capture) {
            self.incomplete.of(label).inc();
        }
    }

    pub(super) fn count_outcome(&self, provider: &str, outcome: OutcomeLabel) {
        let mut known = self
            .by_provider
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let provider = match known.contains_key(provider) {
            false if known.len() >= MAX_PROVIDERS => OTHER_PROVIDER,
            _ => provider,
        };
        if let Some(counters) = known.get(provider) {
            counters[outcome.index()].inc();
            return;
        }
        let counter = |label: OutcomeLabel| {
            self.calls
                .get_or_create_owned(&registry::CALLS.series([provider, label.name()]))
        };
        let counters = [
            counter(OutcomeLabel::Success),
            counter(OutcomeLabel::Failed),
            counter(OutcomeLabel::Cancelled),
        ];
        counters[outcome.index()].inc();
        known.insert(provider.to_owned(), counters);
    }
}

const fn outcome(outcome: &Outcome) -> OutcomeLabel {
    match outcome {
        Outcome::Success => OutcomeLabel::Success,
        Outcome::Failed { .. } => OutcomeLabel::Failed,
        Outcome::Cancelled => OutcomeLabel::Cancelled,
    }
}

const fn incomplete(capture: CaptureState) -> Option<IncompleteLabel> {
    match capture {
        CaptureState::Complete => None,
        CaptureState::Headers => Some(IncompleteLabel::Headers),
        CaptureState::Open => Some(IncompleteLabel::Open),
        CaptureState::Gap => Some(IncompleteLabel::Gap),
        CaptureState::Truncated => Some(IncompleteLabel::Truncated),
        CaptureState::Undecodable => Some(IncompleteLabel::Undecodable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_beyond_the_bound_share_a_series() {
        let metrics = CallMetrics::register(&mut Registry::default());
        for number in 0..MAX_PROVIDERS + 10 {
            metrics.count_outcome(&format!("provider-{number}"), OutcomeLabel::Success);
        }
        let series = |provider| registry::CALLS.series([provider, "success"]);
        assert_eq!(
            metrics.calls.get_or_create(&series(OTHER_PROVIDER)).get(),
            10
        );
        assert_eq!(metrics.calls.get_or_create(&series("provider-0")).get(), 1);
    }
}
