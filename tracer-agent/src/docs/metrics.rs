//! `metrics.md`: the agent's own metrics.

use super::table::{GENERATED, code, table};
use crate::{
    runtime::health::DEFAULT_LISTEN,
    telemetry::registry::{Kind, REGISTRY},
};

pub(super) fn page() -> String {
    let rows = REGISTRY.iter().map(|metric| {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| code(label)).collect();
        [
            code(metric.name),
            kind.to_owned(),
            labels.join(", "),
            format!("{}.", metric.help),
        ]
    });
    format!(
        "{GENERATED}# The agent's own metrics\n\n\
         Served as OpenMetrics text at `http://{DEFAULT_LISTEN}/metrics` (key `metrics.listen`), \
         beside `/healthz`, `/readyz` and `/v1/processes` (calls by process, for `doctor`). Metrics of LLM calls are sent by OTLP: see \
         [attributes.md](attributes.md).\n\n{}",
        table(["metric", "kind", "labels", "meaning"], rows),
    )
}
