//! Events as a collector gets them, and content on its way.

use std::time::Duration;

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, SeverityNumber},
};
use tracer_core::{
    correlate::{SpanId, TraceId},
    semconv::{ContentPlace, Event, EventSpan, Severity, Value as Attribute},
};

use super::{
    collector::{Answer, Collector},
    delivery::{by_service, text},
    plain, start,
};
use crate::export::{otlp::settings::Protocol, samples};

const PATIENCE: Duration = Duration::from_secs(10);

/// The records of each request.
fn records(collector: &Collector) -> Vec<Vec<LogRecord>> {
    let of_request = |request: ExportLogsServiceRequest| {
        let resources = request.resource_logs.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records).collect()
    };
    let received = collector.logs().into_iter();
    received
        .map(|received| of_request(received.request))
        .collect()
}

/// A value as JSON would have it.
fn plain_value(value: &AnyValue) -> serde_json::Value {
    match value.value.as_ref().unwrap() {
        Value::StringValue(text) => text.as_str().into(),
        Value::IntValue(number) => (*number).into(),
        Value::DoubleValue(number) => (*number).into(),
        Value::BoolValue(flag) => (*flag).into(),
        Value::ArrayValue(list) => list.values.iter().map(plain_value).collect(),
        Value::KvlistValue(map) => members(&map.values),
        other => panic!("{other:?}"),
    }
}

fn members(members: &[KeyValue]) -> serde_json::Value {
    let members = members.iter();
    members
        .map(|member| {
            let value = plain_value(member.value.as_ref().unwrap());
            (member.key.clone(), value)
        })
        .collect()
}

async fn arrives(protocol: Protocol) {
    let collector = Collector::start().await;
    let (outputs, running, telemetry) = start(&plain(&collector, protocol));
    outputs.offer(samples::talk(
        1,
        "What is it?",
        "A \"dog\".",
        ContentPlace::Event,
    ));
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();

    let requests: Vec<_> = collector.traces().into_iter().map(|r| r.request).collect();
    let [span] = by_service(&requests)["service-1"]
        .clone()
        .try_into()
        .unwrap();
    assert_eq!(text(&span.attributes, "gen_ai.input.messages"), None);
    let [request] = records(&collector).try_into().unwrap();
    let [record] = request.try_into().unwrap();
    assert_eq!(
        record.event_name,
        "gen_ai.client.inference.operation.details"
    );
    assert_eq!(record.severity_number(), SeverityNumber::Debug);
    assert_eq!(
        (record.trace_id, record.span_id),
        (span.trace_id, span.span_id)
    );
    assert_eq!(record.time_unix_nano, span.end_time_unix_nano);
    let told = members(&record.attributes);
    assert_eq!(
        told["gen_ai.input.messages"],
        serde_json::json!([
            {"role": "user", "parts": [{"type": "text", "content": "What is it?"}]}
        ])
    );
    assert_eq!(
        told["gen_ai.output.messages"],
        serde_json::json!([{
            "role": "assistant",
            "parts": [{"type": "text", "content": "A \"dog\"."}],
            "finish_reason": "stop",
        }])
    );
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.request.model", "gpt-4o-mini"),
        ("llm_tracer.content.mode", "full"),
    ] {
        assert_eq!(told[name], value);
    }
    let resource = collector.logs()[0].request.resource_logs[0].clone();
    let resource = resource.resource.unwrap();
    assert_eq!(
        text(&resource.attributes, "service.name"),
        Some("service-1")
    );

    let logs = telemetry.export.signal("otlp", "logs");
    assert_eq!(
        (logs.sent.get(), logs.failed.get(), logs.dropped.get()),
        (1, 0, 0)
    );
    assert_eq!(telemetry.export.queue("otlp", "logs").bytes.get(), 0);
}

#[tokio::test]
async fn events_arrive_over_grpc() {
    arrives(Protocol::Grpc).await;
}

#[tokio::test]
async fn events_arrive_over_http() {
    arrives(Protocol::HttpProtobuf).await;
}

#[tokio::test]
async fn an_event_may_come_behind_its_span() {
    let collector = Collector::start().await;
    let (outputs, running, _) = start(&plain(&collector, Protocol::HttpProtobuf));
    let event = |span| Event {
        name: "gen_ai.evaluation.result",
        time: samples::chat().timing.end,
        span,
        severity: Severity::Info,
        attributes: vec![(
            "gen_ai.evaluation.name".into(),
            Attribute::Str("fit".into()),
        )],
    };
    let known = EventSpan::Known(TraceId(0xab), SpanId(0xcd));
    outputs.offer_event(samples::process(1), event(known));
    outputs.offer_event(samples::process(1), event(EventSpan::Unknown));
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();
    let records: Vec<_> = records(&collector).into_iter().flatten().collect();
    assert_eq!(records[0].span_id, 0xcd_u64.to_be_bytes());
    assert_eq!(records[0].trace_id, 0xab_u128.to_be_bytes());
    assert!(records[1].span_id.is_empty() && records[1].trace_id.is_empty());
}

#[tokio::test]
async fn failures_of_events_are_counted_like_those_of_spans() {
    for (protocol, answer, sent) in [
        (Protocol::Grpc, Answer::Grpc(tonic::Code::Unavailable), 1),
        (Protocol::HttpProtobuf, Answer::Http(503, None), 1),
        (Protocol::Grpc, Answer::Grpc(tonic::Code::Unimplemented), 0),
        (Protocol::HttpProtobuf, Answer::Http(404, None), 0),
        // The answer is one for spans; that for events has its fields.
        (Protocol::Grpc, Answer::Partly(1), 0),
        (Protocol::HttpProtobuf, Answer::Partly(1), 0),
    ] {
        let collector = Collector::start().await;
        collector.script([answer.clone()]);
        let mut settings = plain(&collector, protocol);
        (settings.traces, settings.metrics) = (None, None);
        let (outputs, running, telemetry) = start(&settings);
        outputs.offer(samples::talk(1, "a", "b", ContentPlace::Both));
        drop(outputs);
        let finished = running.finish(PATIENCE).await;
        let logs = telemetry.export.signal("otlp", "logs");
        assert_eq!(
            (logs.sent.get(), logs.failed.get()),
            (sent, 1 - sent),
            "{answer:?}"
        );
        assert_eq!(finished.is_ok(), sent == 1, "{answer:?}: {finished:?}");
    }
}

/// What collectors take over gRPC by default.
const COLLECTOR_TAKES: usize = 4 << 20;

#[tokio::test]
async fn requests_stay_below_what_collectors_take() {
    use prost::Message as _;

    let collector = Collector::start().await;
    let mut settings = plain(&collector, Protocol::HttpProtobuf);
    settings.metrics = None;
    settings.queue_bytes = 64 << 20;
    let (outputs, running, _) = start(&settings);
    let long = "word ".repeat(150_000);
    for _ in 0..6 {
        outputs.offer(samples::talk(1, &long, "b", ContentPlace::Both));
    }
    // Beyond what one may have: its content is cut, its metadata is not.
    let longer = "\u{1}".repeat(1 << 19);
    outputs.offer(samples::talk(1, &longer, "b", ContentPlace::Span));
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();

    let traces = collector.traces();
    let logs = collector.logs();
    let largest = traces.iter().map(|it| it.request.encoded_len());
    let largest = largest.chain(logs.iter().map(|it| it.request.encoded_len()));
    assert!(largest.max().unwrap() < COLLECTOR_TAKES);
    // Four spans of 750 kB, then three; events are reckoned with more.
    assert!(traces.len() == 2, "{}", traces.len());
    assert!((2..=6).contains(&logs.len()), "{}", logs.len());
    let requests: Vec<_> = traces.into_iter().map(|it| it.request).collect();
    let spans = &by_service(&requests)["service-1"];
    assert_eq!(spans.len(), 7);
    let last = spans.last().unwrap();
    assert_eq!(
        text(&last.attributes, "gen_ai.request.model"),
        Some("gpt-4o-mini")
    );
    let has = |name: &str| last.attributes.iter().any(|it| it.key == name);
    assert!(has("gen_ai.usage.output_tokens") && has("llm_tracer.content.truncated_bytes"));
}

#[tokio::test]
async fn a_full_queue_costs_content_before_calls() {
    let collector = Collector::start().await;
    let mut settings = plain(&collector, Protocol::HttpProtobuf);
    (settings.metrics, settings.logs) = (None, None);
    settings.queue_bytes = 100_000;
    let (outputs, running, telemetry) = start(&settings);
    let long = "word ".repeat(16_000);
    for _ in 0..3 {
        outputs.offer(samples::talk(1, &long, "b", ContentPlace::Span));
    }
    drop(outputs);
    running.finish(PATIENCE).await.unwrap();
    let traces = telemetry.export.signal("otlp", "traces");
    assert_eq!((traces.sent.get(), traces.dropped.get()), (3, 0));
    assert_eq!(traces.content_dropped.get(), 2);
    let requests: Vec<_> = collector.traces().into_iter().map(|r| r.request).collect();
    let spans = &by_service(&requests)["service-1"];
    let mode = |index: usize| text(&spans[index].attributes, "llm_tracer.content.mode");
    assert_eq!((mode(0), mode(1)), (Some("full"), Some("dropped")));
    let reason = text(&spans[1].attributes, "llm_tracer.content.dropped");
    assert_eq!(reason, Some("no_room"));
    assert_eq!(text(&spans[1].attributes, "gen_ai.input.messages"), None);
}
