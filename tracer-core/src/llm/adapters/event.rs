//! What the adapters have in common about events of a stream.

use crate::stream::event::Event;

/// What an event brought to the reader of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum Chunk {
    /// A piece of the answer: text, reasoning, a tool call.
    Output,
    /// Anything else: roles, pings, marks, usage, errors.
    Other,
}

/// OpenAI's mark of the end.
pub(super) fn is_done(data: &[u8]) -> bool {
    data.trim_ascii() == b"[DONE]"
}

/// The type of an event without parsing its data: its name, else the `type` that its data begins
/// with, as those who leave the name out write it.
pub(in crate::llm) fn event_type<'a>(event: &Event<'a>) -> Option<&'a [u8]> {
    if !event.event.is_empty() {
        return Some(event.event);
    }
    let rest = event
        .data
        .trim_ascii_start()
        .strip_prefix(b"{")?
        .trim_ascii_start();
    let rest = rest
        .strip_prefix(br#""type""#)?
        .trim_ascii_start()
        .strip_prefix(b":")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    rest.get(..memchr::memchr(b'"', rest)?)
}
