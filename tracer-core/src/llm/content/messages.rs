//! Anthropic's messages: blocks under roles, and instructions beside them.

use serde::Deserialize;

use super::{
    block::{self, Block},
    draft::{Asked, Draft, Flow, Place},
    lone, tool,
    wire::{Raw, object, objects},
};
use crate::{
    llm::json::{Count, Text, read},
    stream::event::Event,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    system: Raw<'a>,
    messages: Raw<'a>,
    tools: Raw<'a>,
    tool_choice: Raw<'a>,
    output_format: Raw<'a>,
    output_config: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    format: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    content: Raw<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    asked.system(|parts| block::tell(request.system, parts));
    objects(request.messages, |message: Message<'_>| {
        let role = message.role.as_str().unwrap_or_default();
        asked.message(role, None, |parts| block::tell(message.content, parts));
    });
    tool::tell(request.tools, asked);
    let config = object::<OutputConfig<'_>>(request.output_config).unwrap_or_default();
    asked.wanted.choose(request.tool_choice);
    asked.wanted.form(config.format.or(request.output_format));
    true
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(message) = read::<Message<'_>>(body) else {
        return false;
    };
    draft.whole(0, 0, |parts| block::tell(message.content, parts));
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    index: Count,
    message: Raw<'a>,
    content_block: Raw<'a>,
    delta: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    thinking: Text<'a>,
    partial_json: Text<'a>,
}

/// Takes the next event.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if event.event.ends_with(b"_stop") || event.event == b"ping" {
        return;
    }
    let Some(data) = read::<Data<'_>>(event.data) else {
        return;
    };
    let place = Place {
        item: data.index.0.unwrap_or(0),
        part: 0,
    };
    match data.kind.as_str() {
        // What the model wrote before its turn was handed back may come whole with the start.
        Some("message_start") => {
            let message = object::<Message<'_>>(data.message);
            let content = message.unwrap_or_default().content;
            draft.whole(0, 0, |parts| block::tell(content, parts));
        }
        Some("content_block_start") => {
            if let Some(block) = object::<Block<'_>>(data.content_block) {
                draft.whole(0, place.item, |parts| block.tell(parts));
            }
        }
        Some("content_block_delta") => {
            if let Some(text) = lone::of_raw(data.delta) {
                return draft.append(0, place, Flow::Text, &text);
            }
            let delta = object::<Delta<'_>>(data.delta).unwrap_or_default();
            for (flow, piece) in [
                (Flow::Text, &delta.text),
                (Flow::Reasoning, &delta.thinking),
                (Flow::Arguments, &delta.partial_json),
            ] {
                draft.append(0, place, flow, piece.as_str().unwrap_or_default());
            }
        }
        _ => {}
    }
}
