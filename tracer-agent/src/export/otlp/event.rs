//! From the neutral event to the SDK's log record.

use std::{collections::HashMap, fmt, time::SystemTime};

use opentelemetry::{
    Key,
    logs::{AnyValue, LogRecord as _, Logger as _, Severity as OtelSeverity},
};
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use tracer_core::semconv::{Event, Severity, Value};

use super::logs::EventIds;

/// The record, made by `blank`.
pub(super) fn log_record(event: &Event, of: Option<EventIds>, blank: &SdkLogger) -> SdkLogRecord {
    let mut record = blank.create_log_record();
    record.set_event_name(event.name);
    let time = SystemTime::from(event.time);
    record.set_timestamp(time);
    // It was seen on the wire when it happened there.
    record.set_observed_timestamp(time);
    record.set_severity_number(match event.severity {
        Severity::Debug => OtelSeverity::Debug,
        Severity::Info => OtelSeverity::Info,
        Severity::Warn => OtelSeverity::Warn,
        Severity::Error => OtelSeverity::Error,
    });
    record.set_severity_text(event.severity.name());
    if let Some(ids) = of {
        record.set_trace_context(ids.trace_id, ids.span_id, Some(ids.flags));
    }
    for (name, value) in &event.attributes {
        record.add_attribute(name.clone(), any_value(value));
    }
    record
}

fn any_value(value: &Value) -> AnyValue {
    match value {
        Value::Str(text) => text.clone().into(),
        Value::Int(number) => (*number).into(),
        Value::Double(number) => (*number).into(),
        Value::Bool(flag) => (*flag).into(),
        Value::StrList(list) => list.iter().cloned().collect(),
        Value::Json(text) => document(text),
    }
}

/// A document as a structured value; text that is none as text.
fn document(text: &str) -> AnyValue {
    match serde_json::from_str(text) {
        Ok(Structured(Some(value))) => value,
        Ok(Structured(None)) | Err(_) => text.to_owned().into(),
    }
}

/// A value of a document; none for `null`, which OpenTelemetry has no value for: a member that is
/// `null` is left out, an item of a list becomes the text `null`.
struct Structured(Option<AnyValue>);

impl<'de> Deserialize<'de> for Structured {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Option<AnyValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(flag.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        // What is no number of OpenTelemetry is exact as text.
        let value = i64::try_from(number).map_or_else(|_| number.to_string().into(), Into::into);
        Ok(Some(value))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned().into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Structured(item)) = items.next_element()? {
            list.push(item.unwrap_or_else(|| "null".into()));
        }
        Ok(Some(AnyValue::ListAny(Box::new(list))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut map = HashMap::new();
        while let Some((name, Structured(value))) = members.next_entry::<String, _>()? {
            if let Some(value) = value {
                map.insert(Key::from(name), value);
            }
        }
        Ok(Some(AnyValue::Map(Box::new(map))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_structured() {
        let told =
            document(r#"[{"role":"user","n":1,"at":null},null,1.5,true,18446744073709551615]"#);
        let map: AnyValue = [("role", AnyValue::from("user")), ("n", 1_i64.into())]
            .into_iter()
            .collect();
        let list = vec![
            map,
            "null".into(),
            1.5.into(),
            true.into(),
            "18446744073709551615".into(),
        ];
        assert_eq!(told, AnyValue::ListAny(Box::new(list)));
    }

    #[test]
    fn what_is_no_document_is_text() {
        for text in ["[1", "null"] {
            assert_eq!(document(text), AnyValue::from(text.to_owned()));
        }
    }
}
