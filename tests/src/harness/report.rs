//! One call as the agent reported it, from a JSON line or an OTLP span.

use serde_json::{Map, Value};

use crate::provider::running::Provider;

/// Attributes of a call's span by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    attributes: Map<String, Value>,
}

impl Report {
    /// From attributes.
    pub const fn new(attributes: Map<String, Value>) -> Self {
        Self { attributes }
    }

    /// From a line of `--format json` with a span; `None` for any other line.
    pub fn from_line(line: &str) -> Option<Self> {
        Self::of_any(line).filter(|report| report.text("kind") != Some("event"))
    }

    /// From such a line with what was found of a span that had left.
    pub fn event_from_line(line: &str) -> Option<Self> {
        Self::of_any(line).filter(|report| report.text("kind") == Some("event"))
    }

    fn of_any(line: &str) -> Option<Self> {
        match serde_json::from_str(line) {
            Ok(Value::Object(attributes)) => Some(Self { attributes }),
            _ => None,
        }
    }

    /// Whether it is of a call that was made to this provider. Other processes of the host may make
    /// calls of their own; a report that names no server might be of any. A provider that is traced
    /// itself reports what it serves, too.
    pub fn is_of(&self, provider: &Provider) -> bool {
        if self.text("kind").is_some_and(|kind| kind != "client") {
            return false;
        }
        let port = self.number("server.port");
        port.is_none_or(|port| port == u64::from(provider.address.port()))
    }

    /// An attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }

    /// A text attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    /// A fraction.
    pub fn fraction(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    /// A truth value; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A list of texts; absent is empty.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Names that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }
}
