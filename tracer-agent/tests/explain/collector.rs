//! A collector that decodes what it is sent.

#[path = "../shared/collector.rs"]
mod keeping;

use keeping::Received;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message as _;

/// What a collector was sent, or would be.
#[derive(Debug, Clone)]
pub enum Request {
    Traces(ExportTraceServiceRequest),
    Logs(ExportLogsServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    /// What a backend is asked to note of a span.
    Annotation(serde_json::Value),
}

pub struct Collector(keeping::Collector);

impl Collector {
    /// It ends with the test.
    pub fn start() -> Self {
        Self(keeping::Collector::start())
    }

    /// What sends there.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.0.url()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        ]
    }

    pub fn count(&self) -> usize {
        self.0.received().len()
    }

    pub fn requests_from(&self, first: usize) -> Vec<Request> {
        self.0.received()[first..].iter().map(decoded).collect()
    }
}

fn decoded(Received { path, body }: &Received) -> Request {
    let body = &**body;
    match &**path {
        "/v1/traces" => Request::Traces(ExportTraceServiceRequest::decode(body).unwrap()),
        "/v1/logs" => Request::Logs(ExportLogsServiceRequest::decode(body).unwrap()),
        "/v1/metrics" => Request::Metrics(ExportMetricsServiceRequest::decode(body).unwrap()),
        "/v1/span_annotations?sync=true" => {
            Request::Annotation(serde_json::from_slice(body).unwrap())
        }
        other => panic!("{other}"),
    }
}
