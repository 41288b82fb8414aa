//! A row of a backend's table, and what rows are made of.

use super::super::{attributes as names, attributes::Kind, span::Span, value::Value};

/// An attribute that a backend reads, and what of a span it says.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Name on the wire.
    pub name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// What it says, and what the backend does with it.
    pub description: &'static str,
    /// Its value, where the span tells it.
    pub(super) value: fn(&Span) -> Option<Value>,
}

/// Backends count in this currency.
const DOLLARS: &str = "USD";

/// A text of the span.
pub(super) fn text<'s>(span: &'s Span, name: &str) -> Option<&'s str> {
    match span.attribute(name)? {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

/// A count of the span.
pub(super) fn count(span: &Span, name: &str) -> Option<u64> {
    match span.attribute(name)? {
        Value::Int(count) => u64::try_from(*count).ok(),
        _ => None,
    }
}

/// A fraction of the span.
pub(super) fn double(span: &Span, name: &str) -> Option<f64> {
    match span.attribute(name)? {
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

/// The same value under another name.
pub(super) fn copy(span: &Span, name: &str) -> Option<Value> {
    span.attribute(name).cloned()
}

/// Whose call it is.
pub(super) fn user(span: &Span) -> Option<Value> {
    copy(span, names::LLM_TRACER_USER_ID)
}

/// What it costs, if that is known in dollars: an amount of another currency would be taken for one.
pub(super) fn dollars(span: &Span) -> Option<f64> {
    let currency = text(span, names::LLM_TRACER_COST_CURRENCY)?;
    (currency == DOLLARS).then_some(double(span, names::LLM_TRACER_COST_AMOUNT)?)
}

/// A JSON object as backends take it in an attribute; nothing if it has no member.
pub(super) fn object(
    members: impl IntoIterator<Item = (&'static str, serde_json::Value)>,
) -> Option<Value> {
    let members: serde_json::Map<_, _> = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let text = serde_json::Value::Object(members.clone()).to_string();
    (!members.is_empty()).then_some(Value::Str(text.into()))
}

/// A word that is known in advance.
pub(super) const fn word(word: &'static str) -> Value {
    Value::Str(std::borrow::Cow::Borrowed(word))
}
