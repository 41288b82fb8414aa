//! A span as a backend keeps it, in the terms of all.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::harness::report::Report;

/// A span that was read back.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Trace, in hexadecimal.
    pub trace: String,
    /// Span, in hexadecimal.
    pub span: String,
    /// The span that it stands below, in hexadecimal.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// What the backend takes it for, in its own words.
    pub kind: String,
    /// Whether it failed.
    pub failed: bool,
    /// Start since the Unix epoch.
    pub start: Duration,
    /// End since the Unix epoch.
    pub end: Duration,
    /// Attributes.
    pub attributes: Report,
    /// Its events, in order.
    pub events: Vec<KeptEvent>,
}

/// An event of a span.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptEvent {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: Map<String, Value>,
}

impl KeptEvent {
    /// Those of a list, whose attributes `read` reads.
    pub fn all(list: &Value, read: impl Fn(&Value) -> Map<String, Value>) -> Vec<Self> {
        let list = list.as_array().into_iter().flatten();
        list.map(|row| Self {
            name: row["name"].as_str().unwrap_or_default().to_owned(),
            attributes: read(&row["attributes"]),
        })
        .collect()
    }
}

/// The members of an object; none of anything else.
pub fn members(object: &Value) -> Map<String, Value> {
    object.as_object().cloned().unwrap_or_default()
}
