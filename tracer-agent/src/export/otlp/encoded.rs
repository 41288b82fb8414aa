//! How long items are in a request, estimated from above: what a collector takes in one is bounded.

use tracer_core::semconv::{Attributes, Event, Span, Value};

/// The most bytes of items in one request. Collectors take 4 MiB over gRPC unless they are told
/// otherwise.
pub(super) const REQUEST_BYTES: usize = 3 << 20;
/// Ids, times, name and all that has a length of its own.
const ITEM_BYTES: usize = 256;
/// Tags and lengths of one attribute and its value.
const VALUE_BYTES: usize = 24;
/// A number takes at most three times the room in a structured value that it takes in JSON.
const STRUCTURED: usize = 3;

/// Of a span, without compression.
pub(super) fn span(span: &Span) -> usize {
    let links = span
        .links
        .iter()
        .map(|link| ITEM_BYTES + attributes(&link.attributes, 1));
    let events = span
        .events
        .iter()
        .map(|event| ITEM_BYTES + attributes(&event.attributes, 1));
    let own = ITEM_BYTES + span.name.len() + attributes(&span.attributes, 1);
    own + links.chain(events).sum::<usize>()
}

/// Of an event, whose documents are structured.
pub(super) fn event(event: &Event) -> usize {
    ITEM_BYTES + attributes(&event.attributes, STRUCTURED)
}

fn attributes(attributes: &Attributes, document: usize) -> usize {
    let of_one = |value: &Value| match value {
        Value::Str(text) => text.len(),
        Value::StrList(list) => list.iter().map(|text| VALUE_BYTES + text.len()).sum(),
        Value::Json(text) => text.len() * document,
        Value::Int(_) | Value::Double(_) | Value::Bool(_) => 0,
    };
    attributes
        .iter()
        .map(|(name, value)| VALUE_BYTES + name.len() + of_one(value))
        .sum()
}
