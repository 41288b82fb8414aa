//! Streams of chat completions and of legacy completions.
//!
//! Nearly every chunk is one short delta between members that repeat. Where a chunk holds one delta
//! and belongs to the first choice, only the delta is parsed.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::{
    block::Block,
    chat::{Message, ToolCall},
    draft::{Draft, Flow, Place},
    lone,
    wire::{Raw, each, object, objects, text, text_or_json},
};
use crate::{
    llm::json::{Count, Object, Text, read},
    stream::event::Event,
};

static DELTA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""delta""#));
static INDEX: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""index""#));

/// A chunk; a server may wrap it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Raw<'a>,
    data: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    index: Count,
    #[serde(borrow)]
    delta: Object<Message<'a>>,
    /// Some servers end with the whole message, others send pieces under this name.
    message: Object<Message<'a>>,
    /// Legacy completions.
    text: Text<'a>,
}

/// Takes the next chunk.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if let Some(delta) = only_delta(event.data) {
        return tell_only(0, delta, draft);
    }
    let Some(chunk) = read::<Chunk<'_>>(event.data) else {
        return;
    };
    let choices = chunk
        .choices
        .or_else(|| object::<Chunk<'_>>(chunk.data)?.choices);
    // Some servers leave the index out.
    let mut next = 0;
    objects(choices, |choice: Choice<'_>| {
        let index = choice.index.0.unwrap_or(next);
        next = index.saturating_add(1);
        if let Some(delta) = choice.delta.0.or(choice.message.0) {
            tell(index, &delta, draft);
        }
        let text = choice.text.as_str().unwrap_or_default();
        draft.append(index, TEXT, Flow::Text, text);
    });
}

/// The delta of a chunk, if there is one and nothing says that it is not of the first choice.
fn only_delta(data: &[u8]) -> Option<&[u8]> {
    lone::only(&DELTA, data).filter(|_| lone::is_zero(&INDEX, data))
}

const TEXT: Place = Place { item: 0, part: 0 };
const TRANSCRIPT: Place = Place { item: 0, part: 1 };

/// Takes the piece of a message that `json` begins with.
pub(super) fn tell_only(choice: u64, json: &[u8], draft: &mut Draft) {
    if let Some(text) = lone::text(json) {
        draft.append(choice, TEXT, Flow::Text, &text);
    } else if let Some(Object(Some(delta))) = read::<Object<Message<'_>>>(json) {
        tell(choice, &delta, draft);
    }
}

/// Takes a piece of a message.
pub(super) fn tell(choice: u64, delta: &Message<'_>, draft: &mut Draft) {
    let thought = delta.thought().unwrap_or_default();
    draft.append(choice, TEXT, Flow::Reasoning, thought);
    match text(delta.content()) {
        Some(text) => draft.append(choice, TEXT, Flow::Text, &text),
        None => objects(delta.content(), |block: Block<'_>| {
            tell_block(choice, &block, draft);
        }),
    }
    let refusal = delta.refusal().unwrap_or_default();
    draft.append(choice, TEXT, Flow::Refusal, refusal);
    delta.transcript(|text| draft.append(choice, TRANSCRIPT, Flow::Text, text));
    tell_tools(choice, 0, delta, draft);
    delta.function_call(|name, arguments| {
        draft.tool(choice, tool_place(FUNCTION_CALL), None, name);
        append_arguments(choice, FUNCTION_CALL, arguments, draft);
    });
}

/// Takes pieces of tool calls; those that do not say which they are, are `next` and those behind it.
pub(super) fn tell_tools(choice: u64, next: u64, delta: &Message<'_>, draft: &mut Draft) {
    let mut at = next;
    each(delta.tool_calls(), |call: Object<ToolCall<'_>>| {
        if let Some(call) = call.0 {
            let index = call.index.0.unwrap_or(at);
            tell_tool(choice, index, &call, draft);
        }
        at = at.saturating_add(1);
    });
}

fn tell_block(choice: u64, block: &Block<'_>, draft: &mut Draft) {
    if let Some(text) = block.text() {
        draft.append(choice, TEXT, Flow::Text, &text);
    } else {
        block.thoughts(|text| draft.append(choice, TEXT, Flow::Reasoning, text));
    }
}

fn tell_tool(choice: u64, index: u64, call: &ToolCall<'_>, draft: &mut Draft) {
    call.named(|name, arguments| {
        draft.tool(choice, tool_place(index), call.id.as_str(), name);
        append_arguments(choice, index, arguments, draft);
    });
}

fn append_arguments(choice: u64, index: u64, arguments: Raw<'_>, draft: &mut Draft) {
    let piece = text_or_json(arguments).unwrap_or_default();
    draft.append(choice, tool_place(index), Flow::Arguments, &piece);
}

/// The one call that there was before there were tools.
const FUNCTION_CALL: u64 = u64::MAX;

/// Tool calls stand behind what the message says.
const fn tool_place(index: u64) -> Place {
    Place {
        item: index.saturating_add(1),
        part: 0,
    }
}
