//! Messages of the protocol, field by field, for people to read.
//!
//! Each message is taken apart member by member, so one that gets a new member does not compile until
//! somebody says how it is told: what is told is all that is sent.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    logs::v1::LogRecord,
    metrics::v1::{AggregationTemporality, Histogram, HistogramDataPoint, Metric, metric::Data},
    resource::v1::Resource,
    trace::v1::{
        Span, Status,
        span::{Event, Link, SpanKind},
        status::StatusCode,
    },
};
use serde_json::{Value as Json, json};

use crate::export::fields::Fields;

/// What the items of a request share: whose they are, and what made them.
pub(super) fn origin(
    resource: Option<Resource>,
    resource_schema: String,
    scope: Option<InstrumentationScope>,
    scope_schema: String,
) -> Fields {
    let Resource {
        attributes,
        dropped_attributes_count,
        entity_refs,
    } = resource.unwrap_or_default();
    let mut of_resource = Fields::default();
    of_resource.named("attributes", of_set(attributes));
    of_resource.count("dropped_attributes_count", dropped_attributes_count);
    if !entity_refs.is_empty() {
        // None are made; if that changes, they are at least seen.
        of_resource.value("entity_refs", format!("{entity_refs:?}"));
    }
    of_resource.text("schema_url", resource_schema);
    let InstrumentationScope {
        name,
        version,
        attributes,
        dropped_attributes_count,
    } = scope.unwrap_or_default();
    let mut of_scope = Fields::default();
    of_scope.text("name", name);
    of_scope.text("version", version);
    of_scope.named("attributes", of_attributes(attributes));
    of_scope.count("dropped_attributes_count", dropped_attributes_count);
    of_scope.text("schema_url", scope_schema);
    let mut told = Fields::default();
    told.named("resource", of_resource);
    told.named("scope", of_scope);
    told
}

/// A span.
pub(super) fn span(span: Span) -> Fields {
    let Span {
        trace_id,
        span_id,
        trace_state,
        parent_span_id,
        flags,
        name,
        kind,
        start_time_unix_nano,
        end_time_unix_nano,
        attributes,
        dropped_attributes_count,
        events,
        dropped_events_count,
        links,
        dropped_links_count,
        status,
    } = span;
    let mut told = Fields::default();
    told.text("name", name);
    told.text("kind", of_kind(kind));
    told.named("status", of_status(status.unwrap_or_default()));
    told.text("start_time", of_time(start_time_unix_nano));
    told.text("end_time", of_time(end_time_unix_nano));
    told.text("trace_id", hex(&trace_id));
    told.text("span_id", hex(&span_id));
    told.text("parent_span_id", hex(&parent_span_id));
    told.text("trace_state", trace_state);
    told.count("flags", flags);
    told.named("attributes", of_attributes(attributes));
    told.count("dropped_attributes_count", dropped_attributes_count);
    told.listed("events", events.into_iter().map(of_event).collect());
    told.count("dropped_events_count", dropped_events_count);
    told.listed("links", links.into_iter().map(of_link).collect());
    told.count("dropped_links_count", dropped_links_count);
    told
}

/// An event that goes by itself.
pub(super) fn log_record(record: LogRecord) -> Fields {
    let LogRecord {
        time_unix_nano,
        observed_time_unix_nano,
        severity_number,
        severity_text,
        body,
        attributes,
        dropped_attributes_count,
        flags,
        trace_id,
        span_id,
        event_name,
    } = record;
    let mut told = Fields::default();
    told.text("event_name", event_name);
    told.text("time", of_time(time_unix_nano));
    told.text("observed_time", of_time(observed_time_unix_nano));
    told.value("severity_number", severity_number);
    told.text("severity_text", severity_text);
    if let Some(body) = body {
        told.value("body", of_value(body));
    }
    told.text("trace_id", hex(&trace_id));
    told.text("span_id", hex(&span_id));
    told.count("flags", flags);
    told.named("attributes", of_attributes(attributes));
    told.count("dropped_attributes_count", dropped_attributes_count);
    told
}

/// A metric with its points.
pub(super) fn metric(metric: Metric) -> Fields {
    let Metric {
        name,
        description,
        unit,
        metadata,
        data,
    } = metric;
    let mut told = Fields::default();
    told.text("name", name);
    told.text("unit", unit);
    told.text("description", description);
    told.named("metadata", of_attributes(metadata));
    match data {
        None => {}
        Some(Data::Histogram(histogram)) => told.named("histogram", of_histogram(histogram)),
        // Histograms are all that is made; if that changes, the rest is at least seen.
        Some(
            other @ (Data::Gauge(_)
            | Data::Sum(_)
            | Data::ExponentialHistogram(_)
            | Data::Summary(_)),
        ) => told.value("data", format!("{other:?}")),
    }
    told
}

fn of_histogram(histogram: Histogram) -> Fields {
    let Histogram {
        data_points,
        aggregation_temporality,
    } = histogram;
    let mut told = Fields::default();
    let temporality = AggregationTemporality::try_from(aggregation_temporality).map_or_else(
        |_| aggregation_temporality.to_string(),
        |it| word(it.as_str_name(), "AGGREGATION_TEMPORALITY_"),
    );
    told.text("temporality", temporality);
    let mut points: Vec<_> = data_points.into_iter().map(of_point).collect();
    points.sort_by_cached_key(|point| format!("{point:?}"));
    told.listed("points", points);
    told
}

fn of_point(point: HistogramDataPoint) -> Fields {
    let HistogramDataPoint {
        attributes,
        start_time_unix_nano,
        time_unix_nano,
        count,
        sum,
        bucket_counts,
        explicit_bounds,
        exemplars,
        flags,
        min,
        max,
    } = point;
    let mut told = Fields::default();
    told.named("attributes", of_set(attributes));
    told.count("count", count);
    for (name, number) in [("sum", sum), ("min", min), ("max", max)] {
        if let Some(number) = number {
            told.value(name, of_double(number));
        }
    }
    told.value("bucket_counts", bucket_counts);
    told.value("explicit_bounds", explicit_bounds);
    if !exemplars.is_empty() {
        // As above.
        told.value("exemplars", format!("{exemplars:?}"));
    }
    told.text("start_time", of_time(start_time_unix_nano));
    told.text("time", of_time(time_unix_nano));
    told.count("flags", flags);
    told
}

fn of_event(event: Event) -> Fields {
    let Event {
        time_unix_nano,
        name,
        attributes,
        dropped_attributes_count,
    } = event;
    let mut told = Fields::default();
    told.text("name", name);
    told.text("time", of_time(time_unix_nano));
    told.named("attributes", of_attributes(attributes));
    told.count("dropped_attributes_count", dropped_attributes_count);
    told
}

fn of_link(link: Link) -> Fields {
    let Link {
        trace_id,
        span_id,
        trace_state,
        attributes,
        dropped_attributes_count,
        flags,
    } = link;
    let mut told = Fields::default();
    told.text("trace_id", hex(&trace_id));
    told.text("span_id", hex(&span_id));
    told.text("trace_state", trace_state);
    told.count("flags", flags);
    told.named("attributes", of_attributes(attributes));
    told.count("dropped_attributes_count", dropped_attributes_count);
    told
}

fn of_status(status: Status) -> Fields {
    let Status { message, code } = status;
    let mut told = Fields::default();
    let code = StatusCode::try_from(code).map_or_else(
        |_| code.to_string(),
        |it| word(it.as_str_name(), "STATUS_CODE_"),
    );
    told.text("code", code);
    told.text("message", message);
    told
}

fn of_kind(kind: i32) -> String {
    SpanKind::try_from(kind).map_or_else(
        |_| kind.to_string(),
        |it| word(it.as_str_name(), "SPAN_KIND_"),
    )
}

/// A word of the protocol without what all of its kind begin with.
fn word(name: &str, start: &str) -> String {
    name.strip_prefix(start)
        .unwrap_or(name)
        .to_ascii_lowercase()
}

/// Attributes that the SDK has in no order.
fn of_set(mut attributes: Vec<KeyValue>) -> Fields {
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    of_attributes(attributes)
}

fn of_attributes(attributes: Vec<KeyValue>) -> Fields {
    let mut told = Fields::default();
    for attribute in attributes {
        let KeyValue {
            key,
            value,
            // The index of a name in a table that only profiles have.
            key_strindex: _,
        } = attribute;
        told.value(key, value.map_or(Json::Null, of_value));
    }
    told
}

fn of_value(value: AnyValue) -> Json {
    let AnyValue { value } = value;
    match value {
        None => Json::Null,
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(flag)) => flag.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        Some(any_value::Value::DoubleValue(number)) => of_double(number),
        Some(any_value::Value::ArrayValue(list)) => list.values.into_iter().map(of_value).collect(),
        Some(any_value::Value::KvlistValue(list)) => {
            let members = list.values.into_iter();
            let members = members.map(|it| (it.key, it.value.map_or(Json::Null, of_value)));
            Json::Object(members.collect())
        }
        Some(any_value::Value::BytesValue(bytes)) => json!({ "bytes": hex(&bytes) }),
        Some(any_value::Value::StringValueStrindex(index)) => json!({ "string": index }),
    }
}

/// JSON has no words for what is no number.
fn of_double(number: f64) -> Json {
    serde_json::Number::from_f64(number).map_or_else(|| number.to_string().into(), Json::Number)
}

fn of_time(nanos: u64) -> String {
    if nanos == 0 {
        return String::new();
    }
    let time = jiff::Timestamp::from_nanosecond(nanos.into()).unwrap_or_default();
    format!("{time:.9}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
