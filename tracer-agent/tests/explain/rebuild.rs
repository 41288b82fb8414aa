//! Requests made of what was explained. A field that no request has is a mistake, and so is one of a
//! request that was not told: it is missing in what is made here.

use std::collections::HashMap;

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        AggregationTemporality, Histogram, HistogramDataPoint, Metric, ResourceMetrics,
        ScopeMetrics, metric::Data,
    },
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, Link, SpanKind},
        status::StatusCode,
    },
};
use serde_json::{Map, Value};

use crate::{agent::Said, collector::Request};

#[derive(Default, Clone)]
struct Origin {
    resource: Resource,
    resource_schema: String,
    scope: InstrumentationScope,
    scope_schema: String,
}

/// One request for each thing that leaves.
pub fn requests(said: &Said) -> Vec<Request> {
    let mut origins = HashMap::new();
    let mut requests = Vec::new();
    for line in &said.lines {
        assert_eq!(line["schema_version"], 1);
        let leaves = line["leaves"].as_object().unwrap();
        if line["is"] == "resource" {
            origins.insert(line["resource"].as_u64().unwrap(), origin(leaves));
            continue;
        }
        if leaves.is_empty() {
            assert_eq!(line["resource"], Value::Null);
            continue;
        }
        for (name, value) in leaves {
            if name == "annotation" {
                assert_eq!(value["path"], "v1/span_annotations?sync=true");
                requests.push(Request::Annotation(value["body"].clone()));
                continue;
            }
            let origin = origins[&line["resource"].as_u64().unwrap()].clone();
            requests.push(match &**name {
                "span" => traces(&origin, span(value)),
                "logs" => logs(&origin, each(value, log)),
                "metrics" => metrics(&origin, each(value, metric)),
                other => panic!("{other}"),
            });
        }
    }
    requests
}

fn traces(origin: &Origin, span: Span) -> Request {
    let origin = origin.clone();
    Request::Traces(ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(origin.resource),
            schema_url: origin.resource_schema,
            scope_spans: vec![ScopeSpans {
                scope: Some(origin.scope),
                schema_url: origin.scope_schema,
                spans: vec![span],
            }],
        }],
    })
}

fn logs(origin: &Origin, log_records: Vec<LogRecord>) -> Request {
    let origin = origin.clone();
    Request::Logs(ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(origin.resource),
            schema_url: origin.resource_schema,
            scope_logs: vec![ScopeLogs {
                scope: Some(origin.scope),
                schema_url: origin.scope_schema,
                log_records,
            }],
        }],
    })
}

fn metrics(origin: &Origin, metrics: Vec<Metric>) -> Request {
    let origin = origin.clone();
    Request::Metrics(ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(origin.resource),
            schema_url: origin.resource_schema,
            scope_metrics: vec![ScopeMetrics {
                scope: Some(origin.scope),
                schema_url: origin.scope_schema,
                metrics,
            }],
        }],
    })
}

fn origin(told: &Map<String, Value>) -> Origin {
    let mut origin = Origin::default();
    for (part, fields) in told {
        for (name, value) in fields.as_object().unwrap() {
            match (&**part, &**name) {
                ("resource", "attributes") => origin.resource.attributes = attributes(value),
                ("resource", "schema_url") => origin.resource_schema = text(value),
                ("scope", "name") => origin.scope.name = text(value),
                ("scope", "version") => origin.scope.version = text(value),
                ("scope", "schema_url") => origin.scope_schema = text(value),
                other => panic!("{other:?}"),
            }
        }
    }
    origin
}

fn span(told: &Value) -> Span {
    let mut span = Span::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "name" => span.name = text(value),
            "kind" => span.kind = word::<SpanKind>(value, "SPAN_KIND_", SpanKind::from_str_name),
            "status" => span.status = Some(status(value)),
            "start_time" => span.start_time_unix_nano = time(value),
            "end_time" => span.end_time_unix_nano = time(value),
            "trace_id" => span.trace_id = bytes(value),
            "span_id" => span.span_id = bytes(value),
            "parent_span_id" => span.parent_span_id = bytes(value),
            "trace_state" => span.trace_state = text(value),
            "flags" => span.flags = number(value),
            "attributes" => span.attributes = attributes(value),
            "events" => span.events = each(value, event),
            "links" => span.links = each(value, link),
            other => panic!("{other}"),
        }
    }
    span
}

fn status(told: &Value) -> Status {
    let mut status = Status::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "code" => status.code = word(value, "STATUS_CODE_", StatusCode::from_str_name),
            "message" => status.message = text(value),
            other => panic!("{other}"),
        }
    }
    status
}

fn event(told: &Value) -> Event {
    let mut event = Event::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "name" => event.name = text(value),
            "time" => event.time_unix_nano = time(value),
            "attributes" => event.attributes = attributes(value),
            other => panic!("{other}"),
        }
    }
    event
}

fn link(told: &Value) -> Link {
    let mut link = Link::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "trace_id" => link.trace_id = bytes(value),
            "span_id" => link.span_id = bytes(value),
            "flags" => link.flags = number(value),
            "attributes" => link.attributes = attributes(value),
            other => panic!("{other}"),
        }
    }
    link
}

fn log(told: &Value) -> LogRecord {
    let mut log = LogRecord::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "event_name" => log.event_name = text(value),
            "time" => log.time_unix_nano = time(value),
            "observed_time" => log.observed_time_unix_nano = time(value),
            "severity_number" => log.severity_number = number(value).cast_signed(),
            "severity_text" => log.severity_text = text(value),
            "trace_id" => log.trace_id = bytes(value),
            "span_id" => log.span_id = bytes(value),
            "flags" => log.flags = number(value),
            "attributes" => log.attributes = attributes(value),
            other => panic!("{other}"),
        }
    }
    log
}

fn metric(told: &Value) -> Metric {
    let mut metric = Metric::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "name" => metric.name = text(value),
            "unit" => metric.unit = text(value),
            "description" => metric.description = text(value),
            "histogram" => metric.data = Some(Data::Histogram(histogram(value))),
            other => panic!("{other}"),
        }
    }
    metric
}

fn histogram(told: &Value) -> Histogram {
    let mut histogram = Histogram::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "temporality" => {
                histogram.aggregation_temporality = word(
                    value,
                    "AGGREGATION_TEMPORALITY_",
                    AggregationTemporality::from_str_name,
                );
            }
            "points" => histogram.data_points = each(value, point),
            other => panic!("{other}"),
        }
    }
    histogram
}

fn point(told: &Value) -> HistogramDataPoint {
    let mut point = HistogramDataPoint::default();
    for (name, value) in told.as_object().unwrap() {
        match &**name {
            "attributes" => point.attributes = attributes(value),
            "count" => point.count = number(value).into(),
            "sum" => point.sum = value.as_f64(),
            "min" => point.min = value.as_f64(),
            "max" => point.max = value.as_f64(),
            "bucket_counts" => point.bucket_counts = each(value, |it| number(it).into()),
            "explicit_bounds" => point.explicit_bounds = each(value, |it| it.as_f64().unwrap()),
            "start_time" => point.start_time_unix_nano = time(value),
            "time" => point.time_unix_nano = time(value),
            other => panic!("{other}"),
        }
    }
    point
}

fn attributes(told: &Value) -> Vec<KeyValue> {
    let told = told.as_object().unwrap();
    told.iter()
        .map(|(name, value)| KeyValue {
            key: name.clone(),
            value: Some(any(value)),
            key_strindex: 0,
        })
        .collect()
}

fn any(told: &Value) -> AnyValue {
    let value = match told {
        Value::Null => panic!("there are no such values"),
        Value::Bool(flag) => any_value::Value::BoolValue(*flag),
        Value::String(text) => any_value::Value::StringValue(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => any_value::Value::IntValue(whole),
            None => any_value::Value::DoubleValue(number.as_f64().unwrap()),
        },
        Value::Array(_) => any_value::Value::ArrayValue(ArrayValue {
            values: each(told, any),
        }),
        Value::Object(_) => any_value::Value::KvlistValue(KeyValueList {
            values: attributes(told),
        }),
    };
    AnyValue { value: Some(value) }
}

fn each<T>(list: &Value, of: impl Fn(&Value) -> T) -> Vec<T> {
    list.as_array().unwrap().iter().map(of).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn time(value: &Value) -> u64 {
    let time: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    time.as_nanosecond().try_into().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn word<T: Into<i32>>(value: &Value, start: &str, of: fn(&str) -> Option<T>) -> i32 {
    let name = format!("{start}{}", value.as_str().unwrap().to_ascii_uppercase());
    of(&name).unwrap().into()
}
