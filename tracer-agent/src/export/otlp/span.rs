//! From the neutral span to the SDK's.

use std::{borrow::Cow, sync::Arc};

use opentelemetry::{
    Array, InstrumentationScope, KeyValue, Value as OtelValue,
    trace::{
        Event, Link, SpanContext, SpanId, SpanKind as OtelSpanKind, Status, TraceFlags, TraceId,
        TraceState,
    },
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracer_core::semconv::{Span, SpanEvent, SpanKind, SpanLink, Value};

use crate::export::ids::SpanIds;

/// The schema that names of attributes and metrics follow.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.41.0";

/// What produced the spans and metrics.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("llm-tracer")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}

/// The span; its parent, if any, is one of another process.
pub(super) fn span_data(span: &Span, ids: SpanIds, scope: &InstrumentationScope) -> SpanData {
    let remote = false;
    SpanData {
        span_context: SpanContext::new(
            ids.trace_id,
            ids.span_id,
            ids.flags,
            remote,
            trace_state(span),
        ),
        parent_span_id: ids.parent_id,
        parent_span_is_remote: ids.is_parent_remote,
        span_kind: match span.kind {
            SpanKind::Client => OtelSpanKind::Client,
            SpanKind::Server => OtelSpanKind::Server,
            SpanKind::Internal => OtelSpanKind::Internal,
        },
        name: Cow::Owned(span.name.clone()),
        start_time: span.start.into(),
        end_time: span.end.into(),
        attributes: key_values(&span.attributes),
        dropped_attributes_count: 0,
        events: events(span),
        links: links(span),
        status: match &span.error {
            // The description would only repeat `error.type`.
            Some(_) => Status::error(""),
            None => Status::Unset,
        },
        instrumentation_scope: scope.clone(),
    }
}

fn links(span: &Span) -> SpanLinks {
    let link = |link: &SpanLink| {
        let context = SpanContext::new(
            TraceId::from_bytes(link.trace.0.to_be_bytes()),
            SpanId::from_bytes(link.span.0.to_be_bytes()),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        );
        Link::new(context, key_values(&link.attributes), 0)
    };
    let mut links = SpanLinks::default();
    links.links = span.links.iter().map(link).collect();
    links
}

fn events(span: &Span) -> SpanEvents {
    let event = |event: &SpanEvent| {
        let attributes = key_values(&event.attributes);
        Event::new(event.name, event.time.into(), attributes, 0)
    };
    let mut events = SpanEvents::default();
    events.events = span.events.iter().map(event).collect();
    events
}

/// What the caller's tracing systems keep beside the trace, unless the SDK's rules refuse it.
fn trace_state(span: &Span) -> TraceState {
    let state = span
        .parent
        .as_ref()
        .and_then(|parent| parent.state.as_deref());
    state.map_or_else(TraceState::default, |state| {
        state.parse().unwrap_or_default()
    })
}

/// Attributes as the SDK has them.
pub(super) fn key_values(attributes: &[(Cow<'static, str>, Value)]) -> Vec<KeyValue> {
    let convert =
        |(name, value): &(Cow<'static, str>, Value)| KeyValue::new(name.clone(), otel_value(value));
    attributes.iter().map(convert).collect()
}

fn otel_value(value: &Value) -> OtelValue {
    match value {
        Value::Str(text) => text.clone().into(),
        // The SDK has no documents on spans; the conventions want a string then.
        Value::Json(text) => Arc::clone(text).into(),
        Value::Int(number) => (*number).into(),
        Value::Double(number) => (*number).into(),
        Value::Bool(flag) => (*flag).into(),
        Value::StrList(list) => OtelValue::Array(Array::String(
            list.iter().map(|text| text.clone().into()).collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::SpanId;

    use super::*;
    use crate::export::samples;

    fn data(facts: tracer_core::llm::call::CallFacts) -> SpanData {
        let item = samples::item(facts);
        span_data(&item.span, item.ids, &scope())
    }

    fn value(data: &SpanData, name: &str) -> Option<OtelValue> {
        data.attributes
            .iter()
            .find(|kv| kv.key.as_str() == name)
            .map(|kv| kv.value.clone())
    }

    #[test]
    fn a_plain_call_is_an_unset_client_root() {
        let data = data(samples::chat());
        assert_eq!(data.name, "chat gpt-4o-mini");
        assert_eq!(data.span_kind, OtelSpanKind::Client);
        assert_eq!(data.status, Status::Unset);
        assert_eq!(data.parent_span_id, SpanId::INVALID);
        assert!(!data.parent_span_is_remote);
        assert!(data.span_context.is_sampled());
        let taken = data.end_time.duration_since(data.start_time).unwrap();
        assert_eq!(taken.as_millis(), 1_234);
        assert_eq!(
            value(&data, "gen_ai.usage.input_tokens"),
            Some(OtelValue::I64(1_024))
        );
        assert_eq!(value(&data, "gen_ai.provider.name"), Some("openai".into()));
        let reasons = OtelValue::Array(Array::String(vec!["stop".into()]));
        assert_eq!(
            value(&data, "gen_ai.response.finish_reasons"),
            Some(reasons)
        );
        assert_eq!(data.instrumentation_scope.name(), "llm-tracer");
        assert_eq!(data.instrumentation_scope.schema_url(), Some(SCHEMA_URL));
    }

    #[test]
    fn the_callers_span_is_a_remote_parent() {
        let data = data(samples::stream_with_gap());
        assert_eq!(data.span_context.trace_id().to_bytes(), [0xab; 16]);
        assert_eq!(data.parent_span_id.to_bytes(), [0xcd; 8]);
        assert!(data.parent_span_is_remote);
        assert_eq!(
            data.span_context.trace_state().header(),
            "vendor=t61rcWkgMzE"
        );
    }

    #[test]
    fn what_was_found_of_a_call_is_an_event_of_its_span() {
        let mut facts = samples::chat();
        facts.evaluations = vec![samples::truncated()];
        let data = data(facts);
        let [event] = data.events.events.as_slice() else {
            panic!("{:?}", data.events)
        };
        assert_eq!(event.name, "gen_ai.evaluation.result");
        assert_eq!(event.timestamp, data.end_time);
        let name = event
            .attributes
            .iter()
            .find(|kv| kv.key.as_str() == "gen_ai.evaluation.name");
        assert_eq!(
            name.map(|kv| kv.value.as_str().into_owned()),
            Some("truncated".to_owned())
        );
    }

    #[test]
    fn a_call_that_was_served_is_a_server_span() {
        let data = data(samples::served());
        assert_eq!(data.span_kind, OtelSpanKind::Server);
        assert_ne!(data.parent_span_id, SpanId::INVALID);
        assert_eq!(value(&data, "gen_ai.usage.input_tokens"), None);
        let elsewhere = value(&data, "llm_tracer.usage.elsewhere");
        assert_eq!(elsewhere, Some(OtelValue::Bool(true)));
    }

    #[test]
    fn a_refused_call_is_an_error() {
        let data = data(samples::refused());
        assert_eq!(data.status, Status::error(""));
        assert_eq!(
            value(&data, "error.type"),
            Some("rate_limit_exceeded".into())
        );
    }
}
