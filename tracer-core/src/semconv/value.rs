//! Values of attributes.

use std::{borrow::Cow, sync::Arc};

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the value types of OpenTelemetry")]
pub enum Value {
    Str(Cow<'static, str>),
    Int(i64),
    Double(f64),
    Bool(bool),
    StrList(Vec<String>),
    /// A document, as JSON on one line: a string on a span, a structured value in an event.
    Json(Arc<str>),
}

/// Attributes in the order they were added; names come from [`attributes`](super::attributes).
pub type Attributes = Vec<(Cow<'static, str>, Value)>;
