//! What the Kubernetes API told, and for which calls.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{
    label::{ByLabel, labels},
    registry,
};

labels! {
    /// Whether the pod of a call was known.
    PodLabel {
        /// When the call was reported.
        Known = "known",
        /// A moment later: the call was held back for it.
        Late = "late",
        /// Not in time: the call went without.
        Unknown = "unknown",
        /// Not, and the API did not tell of pods: the call went without, at once.
        Away = "away",
        /// Not, and too many calls were held back already: the call went without, at once.
        NoRoom = "no_room",
    }
}

labels! {
    /// Why the API did not tell.
    FailureReason {
        /// The token or the authority is missing or of no use.
        Credentials = "credentials",
        /// No connection, no answer in time, or it broke off.
        Network = "network",
        /// The server is not trusted.
        Tls = "tls",
        /// The token or the right is refused.
        Refused = "refused",
        /// What a watch was to go on from is forgotten.
        Expired = "expired",
        /// Another status.
        Server = "server",
        /// The answer makes no sense.
        Malformed = "malformed",
    }
}

/// Counters and gauges of the Kubernetes option.
#[derive(Debug)]
pub struct KubernetesMetrics {
    /// Calls from pods.
    pub calls: ByLabel<PodLabel>,
    /// Calls that are held back.
    pub held: Gauge,
    /// Pods that run on this node.
    pub pods: Gauge,
    /// 1 while the API tells of pods.
    pub reached: Gauge,
    /// Complete lists of pods.
    pub lists: Counter,
    /// Requests that failed.
    pub failures: ByLabel<FailureReason>,
}

impl KubernetesMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            calls: ByLabel::register(&registry::POD_CALLS, to),
            held: Gauge::default(),
            pods: Gauge::default(),
            reached: Gauge::default(),
            lists: Counter::default(),
            failures: ByLabel::register(&registry::KUBERNETES_FAILURES, to),
        };
        registry::POD_HELD_CALLS.register(to, &metrics.held);
        registry::PODS.register(to, &metrics.pods);
        registry::KUBERNETES_REACHED.register(to, &metrics.reached);
        registry::KUBERNETES_LISTS.register(to, &metrics.lists);
        metrics
    }
}
