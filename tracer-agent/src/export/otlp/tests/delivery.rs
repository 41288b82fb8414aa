//! What arrives, over both protocols.

use std::{collections::BTreeMap, time::Duration};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};

use super::{collector::Collector, plain, start};
use crate::export::{
    otlp::settings::{Compression, Headers, Protocol},
    samples,
};

const PATIENCE: Duration = Duration::from_secs(10);

pub fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    match attributes
        .iter()
        .find(|kv| kv.key == name)?
        .value
        .as_ref()?
    {
        AnyValue {
            value: Some(Value::StringValue(text)),
        } => Some(text),
        _ => None,
    }
}

fn int(attributes: &[KeyValue], name: &str) -> Option<i64> {
    match attributes
        .iter()
        .find(|kv| kv.key == name)?
        .value
        .as_ref()?
    {
        AnyValue {
            value: Some(Value::IntValue(number)),
        } => Some(*number),
        _ => None,
    }
}

/// Spans by `service.name` of their resource.
pub fn by_service(requests: &[ExportTraceServiceRequest]) -> BTreeMap<String, Vec<Span>> {
    let mut services = BTreeMap::<_, Vec<_>>::new();
    for resource_spans in requests.iter().flat_map(|request| &request.resource_spans) {
        let resource = resource_spans.resource.as_ref().unwrap();
        let service = text(&resource.attributes, "service.name")
            .unwrap()
            .to_owned();
        let spans = resource_spans
            .scope_spans
            .iter()
            .flat_map(|scope| scope.spans.clone());
        services.entry(service).or_default().extend(spans);
    }
    services
}

async fn arrives(protocol: Protocol) {
    let collector = Collector::start().await;
    let mut settings = plain(&collector, protocol);
    let traces = settings.traces.as_mut().unwrap();
    traces.compression = Some(Compression::Gzip);
    traces.headers = Headers(vec![("x-tenant".into(), "a b".into())]);
    settings.resource_attributes = vec![("host.name".into(), "box".into())];
    let (outputs, running, telemetry) = start(&settings);
    outputs.offer(samples::record(1, samples::chat()));
    outputs.offer(samples::record(2, samples::refused()));
    outputs.offer(samples::record(1, samples::stream_with_gap()));
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();

    let received = collector.traces();
    for request in &received {
        assert_eq!(request.headers["x-tenant"], "a b");
    }
    let requests: Vec<_> = received
        .into_iter()
        .map(|received| received.request)
        .collect();
    let services = by_service(&requests);
    let [first, second] = services["service-1"].as_slice() else {
        panic!("{services:?}")
    };
    let [refused] = services["service-2"].as_slice() else {
        panic!("{services:?}")
    };

    assert_eq!(first.name, "chat gpt-4o-mini");
    assert_eq!(first.kind(), SpanKind::Client);
    assert_eq!(first.status.as_ref().unwrap().code(), StatusCode::Unset);
    assert_eq!(first.start_time_unix_nano, 1_772_600_767_000_000_000);
    assert_eq!(first.end_time_unix_nano, 1_772_600_768_234_000_000);
    assert_eq!((first.trace_id.len(), first.span_id.len()), (16, 8));
    assert!(first.parent_span_id.is_empty());
    assert_eq!(
        int(&first.attributes, "gen_ai.usage.output_tokens"),
        Some(56)
    );

    assert_eq!(second.trace_id, [0xab; 16]);
    assert_eq!(second.parent_span_id, [0xcd; 8]);
    // Sampled, and the parent is known to be remote (bits 8 and 9 of SpanFlags).
    assert_eq!(second.flags, 0x301);

    assert_eq!(refused.status.as_ref().unwrap().code(), StatusCode::Error);
    assert_eq!(
        text(&refused.attributes, "error.type"),
        Some("rate_limit_exceeded")
    );

    let resource_spans = &requests[0].resource_spans[0];
    let resource = &resource_spans.resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "host.name"), Some("box"));
    assert_eq!(int(resource, "process.pid"), Some(4_001));
    let scope_spans = &resource_spans.scope_spans[0];
    assert_eq!(scope_spans.scope.as_ref().unwrap().name, "llm-tracer");
    assert_eq!(
        scope_spans.schema_url,
        "https://opentelemetry.io/schemas/1.41.0"
    );

    let traces = telemetry.export.signal("otlp", "traces");
    assert_eq!(
        (traces.sent.get(), traces.failed.get(), traces.dropped.get()),
        (3, 0, 0)
    );
    assert_eq!(telemetry.export.queue("otlp", "traces").bytes.get(), 0);
}

#[tokio::test]
async fn spans_arrive_over_grpc() {
    arrives(Protocol::Grpc).await;
}

#[tokio::test]
async fn spans_arrive_over_http() {
    arrives(Protocol::HttpProtobuf).await;
}

#[tokio::test]
async fn http_requests_are_compressed() {
    let collector = Collector::start().await;
    let mut settings = plain(&collector, Protocol::HttpProtobuf);
    settings.traces.as_mut().unwrap().compression = Some(Compression::Gzip);
    let (outputs, running, _) = start(&settings);
    outputs.offer(samples::record(1, samples::chat()));
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();
    assert_eq!(collector.traces()[0].headers["content-encoding"], "gzip");
    assert!(
        !collector.metrics()[0]
            .headers
            .contains_key("content-encoding")
    );
}

#[tokio::test]
async fn batches_are_bounded() {
    let collector = Collector::start().await;
    let mut settings = plain(&collector, Protocol::HttpProtobuf);
    settings.batch.max_export_batch_size = 10;
    settings.metrics = None;
    let (outputs, running, _) = start(&settings);
    for _ in 0..25 {
        outputs.offer(samples::record(1, samples::chat()));
    }
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();
    let sizes: Vec<_> = collector
        .traces()
        .iter()
        .map(|received| by_service(std::slice::from_ref(&received.request))["service-1"].len())
        .collect();
    assert_eq!(sizes, [10, 10, 5]);
}
