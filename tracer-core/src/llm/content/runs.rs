//! Runs of OpenAI's assistants: messages of a thread, and events of a run.

use serde::Deserialize;

use super::{
    block,
    chat::Message,
    draft::{Asked, Draft, Flow, Place},
    tool,
    wire::{Raw, objects},
};
use crate::{
    llm::json::{Count, Object, Text, read},
    stream::event::Event,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    instructions: Raw<'a>,
    additional_instructions: Raw<'a>,
    additional_messages: Raw<'a>,
    thread: Object<Thread<'a>>,
    tools: Raw<'a>,
    tool_outputs: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thread<'a> {
    #[serde(borrow)]
    messages: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolOutput<'a> {
    #[serde(borrow)]
    tool_call_id: Text<'a>,
    output: Raw<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    for instructions in [request.instructions, request.additional_instructions] {
        asked.system(|parts| block::tell(instructions, parts));
    }
    let thread = request.thread.0.unwrap_or_default();
    for messages in [thread.messages, request.additional_messages] {
        objects(messages, |message: Message<'_>| message.ask(asked));
    }
    objects(request.tool_outputs, |output: ToolOutput<'_>| {
        let head = super::parts::Head {
            id: output.tool_call_id.as_str(),
            ..super::parts::Head::default()
        };
        asked.message("tool", None, |parts| {
            parts.tool_response(head, |inner| block::tell(output.output, inner));
        });
    });
    tool::tell(request.tools, asked);
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    delta: Object<Delta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    index: Count,
    #[serde(borrow)]
    text: Object<Value<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Value<'a> {
    #[serde(borrow)]
    value: Text<'a>,
}

/// Takes the next event.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if event.event != b"thread.message.delta" {
        return;
    }
    let Some(data) = read::<Data<'_>>(event.data) else {
        return;
    };
    objects(
        data.delta.0.unwrap_or_default().content,
        |piece: Piece<'_>| {
            let place = Place {
                item: 0,
                part: piece.index.0.unwrap_or(0),
            };
            let text = piece.text.0.unwrap_or_default();
            draft.append(
                0,
                place,
                Flow::Text,
                text.value.as_str().unwrap_or_default(),
            );
        },
    );
}
