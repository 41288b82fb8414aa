//! How much memory a record takes, estimated: what the bounds of the queues count.

use std::borrow::Cow;

use tracer_core::{
    llm::call::CallFacts,
    semconv::{Attributes, Event, Measurement, Span, SpanEvent, SpanLink, Value},
};

use super::record::Record;

/// Overhead of one allocation, and of a queue's slot.
const ALLOCATION: usize = 16;

/// Memory of a span.
pub fn of_span(span: &Span) -> usize {
    size_of::<Span>()
        + of_text(&span.name)
        + span.error.as_deref().map_or(0, of_text)
        + span
            .parent
            .as_ref()
            .and_then(|parent| parent.state.as_deref())
            .map_or(0, of_text)
        + of_attributes(&span.attributes)
        + span.links.iter().map(of_link).sum::<usize>()
        + span.events.iter().map(of_span_event).sum::<usize>()
}

fn of_span_event(event: &SpanEvent) -> usize {
    size_of::<SpanEvent>() + of_attributes(&event.attributes)
}

fn of_link(link: &SpanLink) -> usize {
    size_of::<SpanLink>() + of_attributes(&link.attributes)
}

/// Memory of events.
pub fn of_events(events: &[Event]) -> usize {
    events.iter().map(of_event).sum()
}

/// Memory of an event.
pub fn of_event(event: &Event) -> usize {
    size_of::<Event>() + of_attributes(&event.attributes)
}

/// Memory of measurements.
pub fn of_measurements(measurements: &[Measurement]) -> usize {
    let of_one = |measurement: &Measurement| {
        size_of::<Measurement>()
            + size_of_val(measurement.values.as_slice())
            + of_attributes(&measurement.attributes)
    };
    measurements.iter().map(of_one).sum()
}

/// Memory of the call of a record, if it is one.
pub fn of_record_call(record: &Record) -> usize {
    let call = record.call.as_ref();
    call.map_or(0, |call| of_call(call.facts()))
}

/// Memory of the facts of a call, counting only the parts that differ in size between calls.
pub fn of_call(facts: &CallFacts) -> usize {
    let tools = &facts.response.tool_calls;
    size_of::<CallFacts>()
        + of_text(&facts.path)
        + size_of_val(facts.timing.chunk_gaps.as_slice())
        + facts
            .kept_headers
            .iter()
            .map(|(name, value)| of_text(name) + of_text(value))
            .sum::<usize>()
        + facts
            .request
            .stop_sequences
            .iter()
            .map(|text| of_text(text))
            .sum::<usize>()
        + tools
            .iter()
            .map(|tool| size_of_val(tool) + of_text(&tool.name))
            .sum::<usize>()
}

fn of_attributes(attributes: &Attributes) -> usize {
    let of_one = |(name, value): &(Cow<'static, str>, Value)| {
        let name = match name {
            Cow::Borrowed(_) => 0,
            Cow::Owned(name) => of_text(name),
        };
        name + of_value(value)
    };
    ALLOCATION
        + attributes.capacity() * size_of::<(Cow<'static, str>, Value)>()
        + attributes.iter().map(of_one).sum::<usize>()
}

fn of_value(value: &Value) -> usize {
    match value {
        Value::Str(Cow::Owned(text)) => of_text(text),
        Value::Json(text) => of_text(text),
        Value::StrList(list) => {
            ALLOCATION
                + list
                    .iter()
                    .map(|text| size_of::<String>() + of_text(text))
                    .sum::<usize>()
        }
        Value::Str(Cow::Borrowed(_)) | Value::Int(_) | Value::Double(_) | Value::Bool(_) => 0,
    }
}

const fn of_text(text: &str) -> usize {
    ALLOCATION + text.len()
}
