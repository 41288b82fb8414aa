//! Adding attributes: what is not known is not added.

use std::borrow::Cow;

use serde::Serialize;

use super::value::{Attributes, Value};

/// Collects attributes; every `add` of `None` or of an empty list does nothing.
#[derive(Default)]
pub(super) struct Builder(Attributes);

impl Builder {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn text(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(name, Value::Str(Cow::Owned(value.to_owned())));
        }
    }

    pub(super) fn label(&mut self, name: &'static str, value: &'static str) {
        self.push(name, Value::Str(Cow::Borrowed(value)));
    }

    pub(super) fn count(&mut self, name: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.push(name, Value::Int(i64::try_from(value).unwrap_or(i64::MAX)));
        }
    }

    pub(super) fn int(&mut self, name: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.push(name, Value::Int(value));
        }
    }

    pub(super) fn double(&mut self, name: &'static str, value: Option<f64>) {
        if let Some(value) = value {
            self.push(name, Value::Double(value));
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        if value {
            self.push(name, Value::Bool(true));
        }
    }

    pub(super) fn bool(&mut self, name: &'static str, value: Option<bool>) {
        if let Some(value) = value {
            self.push(name, Value::Bool(value));
        }
    }

    pub(super) fn list(&mut self, name: impl Into<Cow<'static, str>>, values: Vec<String>) {
        if !values.is_empty() {
            self.push(name, Value::StrList(values));
        }
    }

    /// A document. Neither writing it to a string nor what is written here can fail.
    pub(super) fn json(&mut self, name: &'static str, document: &impl Serialize) {
        if let Ok(json) = serde_json::to_string(document) {
            self.push(name, Value::Json(json.into()));
        }
    }

    pub(super) fn finish(self) -> Attributes {
        self.0
    }

    fn push(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        self.0.push((name.into(), value));
    }
}
