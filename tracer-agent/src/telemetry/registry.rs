//! Every metric's name, kind, labels and meaning, once.

use std::fmt::Debug;

use prometheus_client::registry::{Metric, Registry};

/// What is documented of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricInfo {
    /// The name as scraped.
    pub name: &'static str,
    /// Counter, gauge or info.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, one sentence without a full stop.
    pub help: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
}

impl MetricInfo {
    const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            name,
            kind: Kind::Counter,
            labels,
            help,
        }
    }

    const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            name,
            kind: Kind::Gauge,
            labels,
            help,
        }
    }

    /// Adds `metric` to `registry` under this name.
    pub(super) fn register<M: Metric + Clone + Debug>(&self, registry: &mut Registry, metric: &M) {
        // The encoder appends the suffix of counters.
        let name = self.name.strip_suffix("_total").unwrap_or(self.name);
        registry.register(name, self.help, metric.clone());
    }
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident($name:literal, $labels:expr, $help:literal);)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help, ".")]
            pub const $constant: MetricInfo = MetricInfo::$kind($name, &$labels, $help);
        )*

        /// All metrics of the agent, in the order of the documentation.
        pub const REGISTRY: &[MetricInfo] = &[$($constant),*];
    };
}

metrics! {
    CAPTURED_EVENTS = counter("llm_tracer_captured_events_total", [],
        "Events that the kernel handed over");
    CAPTURED_BYTES = counter("llm_tracer_captured_bytes_total", [],
        "Bytes of plaintext that the kernel handed over");
    SEGMENTS = counter("llm_tracer_segments_total", [],
        "Pieces of plaintext given to the core");
    COUNTED_BYTES = counter("llm_tracer_counted_bytes_total", [],
        "Bytes of LLM connections beyond the cap of an exchange: counted, not copied");
    SKIPPED_BYTES = counter("llm_tracer_skipped_bytes_total", [],
        "Bytes of other connections beyond their head: not copied");
    IGNORED_CALLS = counter("llm_tracer_ignored_calls_total", [],
        "Reads and writes on connections judged not to be LLM traffic");
    UNIDENTIFIED_PROCESSES = counter("llm_tracer_unidentified_processes_total", [],
        "Processes left alone because they had ended before the rules of selection could be applied");
    LOST_BYTES = counter("llm_tracer_lost_bytes_total", ["reason"],
        "Bytes that should have been captured and were not, by reason");
    LOST_EVENTS = counter("llm_tracer_lost_events_total", ["reason"],
        "Reads and writes that should have been captured and were not, by reason");
    RING_USED_BYTES_MAX = gauge("llm_tracer_ring_used_bytes_max", [],
        "Highest fill of the ring buffer seen since the start");
    RING_SIZE_BYTES = gauge("llm_tracer_ring_size_bytes", [],
        "Size of the ring buffer");
    SEEN_CONNECTIONS = counter("llm_tracer_seen_connections_total", [],
        "Connections of which anything was seen");
    FOLLOWED_CONNECTIONS = gauge("llm_tracer_followed_connections", [],
        "Connections that the core follows now");
    EVICTED_CONNECTIONS = counter("llm_tracer_evicted_connections_total", [],
        "Connections that the core forgot because there were too many");
    HELD_BYTES = gauge("llm_tracer_held_bytes", [],
        "Memory that exchanges under way hold");
    SHED_EXCHANGES = counter("llm_tracer_shed_exchanges_total", [],
        "Exchanges that went on as metadata because all together held too much");
    UNREAD_CONNECTIONS = counter("llm_tracer_unread_connections_total", ["kind"],
        "Connections whose exchanges are not read, by kind");
    CONNECTIONS = counter("llm_tracer_connections_total", ["verdict"],
        "Connections judged, by verdict");
    SOCKETS = counter("llm_tracer_sockets_total", ["confidence"],
        "LLM connections, by how their socket is known: `none` if it is not, and calls have no peer");
    EXCHANGES = counter("llm_tracer_exchanges_total", [],
        "HTTP exchanges whose request was seen");
    OPEN_EXCHANGES = gauge("llm_tracer_open_exchanges", [],
        "LLM exchanges that are under way");
    UNCONFIRMED_EXCHANGES = counter("llm_tracer_unconfirmed_exchanges_total", [],
        "Exchanges that had the path of an LLM call but not its shape");
    REPEATED_FETCHES = counter("llm_tracer_repeated_fetches_total", [],
        "Fetches of stored answers that told of no call anything new");
    CALLS = counter("llm_tracer_calls_total", ["side", "provider", "outcome"],
        "LLM calls reported, by side, provider and outcome; one that is seen at both ends has two sides");
    INCOMPLETE_CALLS = counter("llm_tracer_incomplete_calls_total", ["capture"],
        "LLM calls reported of which not every byte was seen, by what was wrong");
    SILENT_CALLS = counter("llm_tracer_silent_calls_total", [],
        "LLM calls given up after too long a silence");
    LOST_EXCHANGES = counter("llm_tracer_lost_exchanges_total", [],
        "Exchanges of LLM connections that were made but could not be reported");
    BINARIES = gauge("llm_tracer_binary_info", ["binary", "build_id", "family"],
        "1 for each file that probes are attached to");
    COVERAGE_FILES = gauge("llm_tracer_coverage_files", ["family", "located_by"],
        "Files under probe, by the TLS implementation in them and how it was found");
    BLIND_FILES = gauge("llm_tracer_coverage_blind_files", ["reason"],
        "Files in use with TLS that is not, or not all, probed, by reason; as of the last look at all processes, once a minute. `foreign_tls`: libraries of a TLS that is not traced");
    BLIND_PROCESSES = gauge("llm_tracer_coverage_blind_processes", ["runtime", "reason"],
        "Processes that use such files, are not ours to look at, or do what is not seen whatever files are probed (`foreign_tls`, `unknown_tls`, `quic`, `io_uring`, `ktls`), by runtime and reason; as of the same look, of which the latter takes some seconds more");
    PROBES = gauge("llm_tracer_probes", ["binary", "build_id", "role", "cost"],
        "Probes attached, by file, role and cost class");
    ATTACH_FAILURES = counter("llm_tracer_attach_failures_total", ["reason"],
        "Attempts to probe a file with TLS that failed, by reason");
    FILES_GONE = counter("llm_tracer_coverage_files_gone_total", [],
        "Files, as a rule programs, that were gone with whoever used them before they could be looked at: what calls they made, if any, was not seen");
    LOST_NEWS = counter("llm_tracer_lost_news_total", [],
        "News of processes and files that the kernel had no room for: short processes may be missed or stay without a name, others are found by the look that follows");
    BINARY_CALLS = counter("llm_tracer_binary_calls_total", ["binary", "build_id"],
        "LLM calls seen through a file's probes");
    EXPORT_SENT = counter("llm_tracer_export_sent_total", ["output", "signal"],
        "Items delivered, by output: calls, spans, events or metric exports");
    EXPORT_FAILED = counter("llm_tracer_export_failed_total", ["output", "signal"],
        "Items refused by their receiver, or not delivered before the agent ended");
    EXPORT_DROPPED = counter("llm_tracer_export_dropped_total", ["output", "signal"],
        "Items dropped because the queue of their output was full or closed");
    EXPORT_CONTENT_DROPPED = counter("llm_tracer_export_content_dropped_total", ["output", "signal"],
        "Items whose content was dropped because the queue of their output had no room for it; the rest of them went on");
    EXPORT_ATTEMPTS = counter("llm_tracer_export_attempts_total", ["output", "signal"],
        "Requests made to the collector, retries included");
    EXPORT_QUEUED_ITEMS = gauge("llm_tracer_export_queued", ["output", "signal"],
        "Items waiting for delivery");
    EXPORT_QUEUED_BYTES = gauge("llm_tracer_export_queued_bytes", ["output", "signal"],
        "Estimated memory of the items waiting for delivery");
    EXPORT_PROCESSES = gauge("llm_tracer_export_processes", [],
        "Observed processes whose histograms are kept");
    POD_CALLS = counter("llm_tracer_pod_calls_total", ["pod"],
        "LLM calls from Kubernetes pods, by whether the pod was known in time");
    POD_HELD_CALLS = gauge("llm_tracer_pod_held_calls", [],
        "LLM calls that are held back for a moment until their pod is known");
    PODS = gauge("llm_tracer_pods", [],
        "Pods of this node that the Kubernetes API told of");
    KUBERNETES_REACHED = gauge("llm_tracer_kubernetes_reached", [],
        "1 while the Kubernetes API tells of pods");
    KUBERNETES_LISTS = counter("llm_tracer_kubernetes_lists_total", [],
        "Complete lists of this node's pods that were read");
    KUBERNETES_FAILURES = counter("llm_tracer_kubernetes_failures_total", ["reason"],
        "Requests to the Kubernetes API that failed, by reason");
    BUDGET_EXCEEDED = counter("llm_tracer_budget_exceeded_total", ["budget"],
        "Times that what was spent in a period went beyond a budget");
    BUDGET_UNWATCHED = counter("llm_tracer_budget_unwatched_calls_total", [],
        "Calls that are in no budget because too many values were to be counted apart");
    POLICY_CALLS = counter("llm_tracer_policy_calls_total", ["capture"],
        "LLM calls by how much of them the policy lets out");
    POLICY_UNSAMPLED = counter("llm_tracer_policy_unsampled_calls_total", [],
        "LLM calls of which only metrics leave since their trace is not of the sample");
    POLICY_DROPPED_CONTENT = counter("llm_tracer_policy_dropped_contents_total", [],
        "LLM calls whose content was dropped since it could not be masked");
    EVALUATIONS = counter("llm_tracer_evaluations_total", ["name", "label"],
        "Results of evaluations of calls and tools, by the name of the evaluation and its label");
    EVALUATIONS_RECEIVED = counter("llm_tracer_evaluations_received_total", [],
        "Results that other programs posted");
    EVALUATIONS_WITHHELD = counter("llm_tracer_evaluations_withheld_total", [],
        "Results of evaluations that came after the span of their call, and went nowhere: its trace is not of the sample, or a policy lets nothing of it out");
    RESIDENT_MEMORY = gauge("process_resident_memory_bytes", [],
        "Resident memory of the agent");
    BUILD_INFO = gauge("llm_tracer_build_info", ["version"],
        "1, with the agent's version");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_say_their_kind() {
        let names: BTreeSet<_> = REGISTRY.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), REGISTRY.len());
        for info in REGISTRY {
            assert_eq!(
                info.name.ends_with("_total"),
                info.kind == Kind::Counter,
                "{}",
                info.name
            );
            assert!(info.name.starts_with("llm_tracer_") || info.name.starts_with("process_"));
            assert!(!info.help.ends_with('.'), "{}", info.name);
        }
    }
}
