//! Calls, and what they are part of, for programs: one JSON object per line.
//!
//! An object holds the attributes of the call's span under their own names (those of
//! [`tracer_core::semconv::attributes`]), and [`FIELDS`].
//! Absent is absent: nothing is `null` or zero for want of knowledge.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;
use tracer_core::{
    semconv::{Attributes, Event, Severity, Span, Value},
    time::Timestamp,
};

use super::lines::{LineEvent, LineFormat, LineItem};
use crate::host::process::ProcessInfo;

/// The fields beside the span's attributes, with their meaning.
pub const FIELDS: &[(&str, &str)] = &[
    (
        "start_time",
        "when the first byte of the request was written, or read where the process served it, RFC 3339 in UTC",
    ),
    (
        "end_time",
        "when the last byte of the response was read or written likewise, RFC 3339 in UTC",
    ),
    ("duration", "seconds from start to end"),
    ("time", "when an event was, RFC 3339 in UTC"),
    ("name", "name of the span, or of the event"),
    ("severity", "how much an event matters: `INFO`"),
    (
        "kind",
        "`client` for a call that the process made, `server` for one that it served, `internal` for what calls are part of or make necessary: a turn, a tool, a call with its attempts; `event` for what was found of one of these after its line: it has `trace_id` and `span_id` of that, a `time` and a `severity`, its `name`, the attributes of the event, and no start, end and duration",
    ),
    ("trace_id", "trace that the span belongs to, hexadecimal"),
    ("span_id", "the span, hexadecimal"),
    (
        "parent_span_id",
        "the caller's span, of a call that was served that of its client where it was seen; hexadecimal; absent for a root",
    ),
    ("pid", "process id in the root pid namespace"),
    ("process", "short name of the process: its script or binary"),
    (
        "service.name",
        "the service that the process belongs to; absent if unknown",
    ),
    (
        "events",
        "events of the span, each with its `name`, `time`, `severity` and `attributes`; absent if there are none",
    ),
];

/// Writes JSON lines.
#[derive(Debug, Default)]
pub struct JsonLines;

impl LineFormat for JsonLines {
    fn header(&mut self, _: &mut Vec<u8>) {}

    fn line(&mut self, item: &LineItem, out: &mut Vec<u8>) {
        let before = out.len();
        match serde_json::to_writer(&mut *out, &Line(item)) {
            Ok(()) => out.push(b'\n'),
            // Neither writing to a vector nor these types can fail; half a line would be worse
            // than none.
            Err(_) => out.truncate(before),
        }
    }

    fn event(&mut self, event: &LineEvent, out: &mut Vec<u8>) {
        let before = out.len();
        match serde_json::to_writer(&mut *out, &EventLine(event)) {
            Ok(()) => out.push(b'\n'),
            Err(_) => out.truncate(before),
        }
    }
}

/// An event by itself.
struct EventLine<'a>(&'a LineEvent);

impl Serialize for EventLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(LineEvent {
            process,
            trace,
            span,
            event,
        }) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &rfc3339(event.time))?;
        map.serialize_entry("name", event.name)?;
        map.serialize_entry("kind", "event")?;
        map.serialize_entry("severity", event.severity.name())?;
        map.serialize_entry("trace_id", &format!("{:032x}", trace.0))?;
        map.serialize_entry("span_id", &format!("{:016x}", span.0))?;
        map.serialize_entry("pid", &process.pid)?;
        map.serialize_entry("process", &process.name)?;
        for (name, value) in service(process).chain(&event.attributes) {
            serialize_attribute(&mut map, name, value)?;
        }
        map.end()
    }
}

/// The service of a process, if it has one.
fn service(process: &ProcessInfo) -> impl Iterator<Item = &(Cow<'static, str>, Value)> {
    let service = |(name, _): &&(Cow<'static, str>, Value)| name == "service.name";
    process.resource.iter().find(service).into_iter()
}

struct Line<'a>(&'a LineItem);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(LineItem {
            process,
            span,
            events,
            ids,
            ..
        }) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("start_time", &rfc3339(span.start))?;
        map.serialize_entry("end_time", &rfc3339(span.end))?;
        map.serialize_entry("duration", &span.end.since(span.start).as_secs_f64())?;
        map.serialize_entry("name", &span.name)?;
        map.serialize_entry("kind", span.kind.name())?;
        map.serialize_entry("trace_id", &ids.trace_id.to_string())?;
        map.serialize_entry("span_id", &ids.span_id.to_string())?;
        if !ids.is_root() {
            map.serialize_entry("parent_span_id", &ids.parent_id.to_string())?;
        }
        map.serialize_entry("pid", &process.pid)?;
        map.serialize_entry("process", &process.name)?;
        for (name, value) in service(process).chain(&span.attributes) {
            serialize_attribute(&mut map, name, value)?;
        }
        if !events.is_empty() || !span.events.is_empty() {
            map.serialize_entry("events", &Events(span, events))?;
        }
        map.end()
    }
}

/// The events that a span carries, and those that are log records. What is both is told once.
struct Events<'a>(&'a Span, &'a [Event]);

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(span, events) = self;
        let is_told = |name| events.iter().any(|event| event.name == name);
        let of_span = span.events.iter().filter(|event| !is_told(event.name));
        let of_span = of_span.map(|event| OneEvent {
            name: event.name,
            time: event.time,
            severity: Severity::Info,
            attributes: &event.attributes,
        });
        let of_logs = events.iter().map(|event| OneEvent {
            name: event.name,
            time: event.time,
            severity: event.severity,
            attributes: &event.attributes,
        });
        serializer.collect_seq(of_span.chain(of_logs))
    }
}

struct OneEvent<'a> {
    name: &'static str,
    time: Timestamp,
    severity: Severity,
    attributes: &'a Attributes,
}

impl Serialize for OneEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("time", &rfc3339(self.time))?;
        map.serialize_entry("severity", self.severity.name())?;
        map.serialize_entry("attributes", &EventAttributes(self.attributes))?;
        map.end()
    }
}

struct EventAttributes<'a>(&'a Attributes);

impl Serialize for EventAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0 {
            serialize_attribute(&mut map, name, value)?;
        }
        map.end()
    }
}

fn serialize_attribute<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: &Value,
) -> Result<(), M::Error> {
    match value {
        Value::Str(text) => map.serialize_entry(name, text),
        Value::Int(number) => map.serialize_entry(name, number),
        Value::Double(number) => map.serialize_entry(name, number),
        Value::Bool(flag) => map.serialize_entry(name, flag),
        Value::StrList(list) => map.serialize_entry(name, list),
        Value::Json(text) => match serde_json::from_str::<&RawValue>(text) {
            Ok(document) => map.serialize_entry(name, document),
            Err(_) => map.serialize_entry(name, &**text),
        },
    }
}

fn rfc3339(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(time.unix_nanos().into()).unwrap_or_default();
    format!("{time:.9}")
}

#[cfg(test)]
mod tests {
    use tracer_core::semconv::ContentPlace;

    use super::*;
    use crate::export::samples;

    fn render(items: &[LineItem]) -> String {
        let mut out = Vec::new();
        for item in items {
            JsonLines.line(item, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_object_per_call() {
        insta::assert_snapshot!(render(&samples::all()));
    }

    #[test]
    fn what_is_found_later_is_a_line_of_its_own() {
        let mut out = Vec::new();
        JsonLines.event(&samples::late(), &mut out);
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn content_is_structured_where_it_was_let_out() {
        for (place, whose) in [(ContentPlace::Span, "span"), (ContentPlace::Event, "event")] {
            let record = samples::talk(7, "What is it?", "A dog.", place);
            let line = render(&[samples::line(record)]);
            let object: serde_json::Value = serde_json::from_str(&line).unwrap();
            let told = match whose {
                "span" => &object,
                _ => &object["events"][0]["attributes"],
            };
            let said = &told["gen_ai.input.messages"][0]["parts"][0]["content"];
            assert_eq!(said, "What is it?");
            assert_eq!(object.get("events").is_some(), whose == "event");
        }
        let record = samples::talk(7, "What is it?", "A dog.", ContentPlace::None);
        assert!(!render(&[samples::line(record)]).contains("dog"));
    }

    #[test]
    fn every_field_is_an_attribute_or_documented() {
        for line in render(&samples::all()).lines() {
            let object: serde_json::Map<_, _> = serde_json::from_str(line).unwrap();
            for field in object.keys() {
                let documented = FIELDS.iter().any(|(name, _)| name == field);
                let attribute = tracer_core::semconv::attributes::REGISTRY.iter();
                assert!(
                    documented || attribute.into_iter().any(|row| row.name == field),
                    "{field}"
                );
            }
        }
    }
}
