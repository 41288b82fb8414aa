//! What was understood.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tracer_core::{
    detect::Role,
    llm::call::{CallFacts, CaptureState, Outcome},
};

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
    /// On which side of a call the process was.
    SideLabel {
        /// It made the call.
        Client = "client",
        /// It served it.
        Server = "server",
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

type Outcomes = [Counter; OutcomeLabel::ALL.len()];

/// Counters of calls.
#[derive(Debug)]
pub struct CallMetrics {
    calls: Family<Labels<3>, Counter>,
    /// By side, then by provider.
    known: Mutex<[HashMap<String, Outcomes>; SideLabel::ALL.len()]>,
    incomplete: ByLabel<IncompleteLabel>,
    /// Exchanges that were made but could not be reported.
    pub lost_exchanges: Counter,
}

impl CallMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            calls: Family::default(),
            known: Mutex::default(),
            incomplete: ByLabel::register(&registry::INCOMPLETE_CALLS, to),
            lost_exchanges: Counter::default(),
        };
        registry::CALLS.register(to, &metrics.calls);
        registry::LOST_EXCHANGES.register(to, &metrics.lost_exchanges);
        metrics
    }

    /// Counts one reported call.
    pub fn count(&self, call: &CallFacts) {
        let outcome = outcome(&call.outcome);
        self.count_outcome(side(call.role), &call.provider.0, outcome);
        if let Some(label) = incomplete(call.capture) {
            self.incomplete.of(label).inc();
        }
    }

    pub(super) fn count_outcome(&self, side: SideLabel, provider: &str, outcome: OutcomeLabel) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // `Label::index` is below the number of sides.
        let known = &mut known[side.index()];
        let provider = match known.contains_key(provider) {
            false if known.len() >= MAX_PROVIDERS => OTHER_PROVIDER,
            _ => provider,
        };
        if let Some(counters) = known.get(provider) {
            counters[outcome.index()].inc();
            return;
        }
        let counter = |label: OutcomeLabel| {
            let series = registry::CALLS.series([side.name(), provider, label.name()]);
            self.calls.get_or_create_owned(&series)
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

const fn side(role: Role) -> SideLabel {
    match role {
        Role::Client => SideLabel::Client,
        Role::Server => SideLabel::Server,
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
            metrics.count_outcome(
                SideLabel::Client,
                &format!("provider-{number}"),
                OutcomeLabel::Success,
            );
        }
        let series = |provider| registry::CALLS.series(["client", provider, "success"]);
        assert_eq!(
            metrics.calls.get_or_create(&series(OTHER_PROVIDER)).get(),
            10
        );
        assert_eq!(metrics.calls.get_or_create(&series("provider-0")).get(), 1);
    }
}
