//! Streams of items: pieces of an item, then the item whole, at last all items.
//!
//! What comes whole replaces its pieces, so that an item is right even where some of its pieces were
//! lost.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    block::Block,
    draft::{Draft, Flow, Place},
    items::{self, Item},
    wire::{Raw, object, text},
};
use crate::{
    llm::{
        adapters::event::event_type,
        json::{Count, Object, Text, read},
    },
    stream::event::Event,
};

/// An event of Responses.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    delta: Raw<'a>,
    output_index: Count,
    content_index: Count,
    summary_index: Count,
    item: Raw<'a>,
    response: Raw<'a>,
}

/// Takes the next event of Responses.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    let Some(kind) = event_type(event) else {
        return;
    };
    let Some(task) = Task::of(kind, draft.has_gap() || draft.is_empty()) else {
        return;
    };
    let Some(data) = read::<Data<'_>>(event.data) else {
        return;
    };
    let item = data.output_index.0.unwrap_or(0);
    match task {
        Task::Piece(flow) => {
            let part = data.content_index.0.or(data.summary_index.0);
            let place = Place {
                item,
                part: part.unwrap_or(0),
            };
            draft.append(0, place, flow, &text(data.delta).unwrap_or_default());
        }
        Task::Whole => {
            if let Some(whole) = object::<Item<'_>>(data.item) {
                draft.replace(0, item, |parts| whole.tell(parts));
            }
        }
        Task::All => {
            if let Some(response) = data.response {
                draft.restart(0);
                items::document(response.get().as_bytes(), draft);
            }
        }
    }
}

/// What an event has to do with content.
#[derive(Debug, Clone, Copy)]
enum Task {
    Piece(Flow),
    Whole,
    All,
}

impl Task {
    /// `needs_all`: not everything was seen before the end.
    fn of(kind: &[u8], needs_all: bool) -> Option<Self> {
        Some(match kind {
            b"response.output_text.delta" => Self::Piece(Flow::Text),
            b"response.refusal.delta" => Self::Piece(Flow::Refusal),
            b"response.function_call_arguments.delta"
            | b"response.custom_tool_call_input.delta"
            | b"response.mcp_call_arguments.delta" => Self::Piece(Flow::Arguments),
            b"response.reasoning_summary_text.delta" | b"response.reasoning_text.delta" => {
                Self::Piece(Flow::Reasoning)
            }
            b"response.output_item.added" | b"response.output_item.done" => Self::Whole,
            b"response.completed" | b"response.incomplete" if needs_all => Self::All,
            _ => return None,
        })
    }
}

/// An event of Google's interactions or of Mistral's conversations.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StepData<'a> {
    index: Count,
    output_index: Count,
    content_index: Count,
    #[serde(borrow)]
    step: Object<Item<'a>>,
    delta: Object<Delta<'a>>,
    /// Mistral: a text, or a block.
    content: Raw<'a>,
    tool_call_id: Text<'a>,
    name: Text<'a>,
    arguments: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    text: Text<'a>,
    arguments: Raw<'a>,
    /// A summary of thoughts.
    content: Raw<'a>,
}

/// Takes the next event of interactions or conversations.
pub(super) fn step_event(event: &Event<'_>, draft: &mut Draft) {
    let Some(data) = read::<StepData<'_>>(event.data) else {
        return;
    };
    let place = Place {
        item: data.index.0.or(data.output_index.0).unwrap_or(0),
        part: data.content_index.0.unwrap_or(0),
    };
    if let Some(step) = &data.step.0 {
        draft.replace(0, place.item, |parts| step.tell(parts));
    }
    if let Some(delta) = &data.delta.0 {
        let (flow, piece) = delta.piece();
        draft.append(0, place, flow, &piece);
    }
    if data.output_index.0.is_some() {
        let (id, name) = (data.tool_call_id.as_str(), data.name.as_str());
        let arguments = data.arguments.as_str().unwrap_or_default();
        if id.is_some() {
            draft.tool(0, place, id, name);
            draft.append(0, place, Flow::Arguments, arguments);
        }
        if let Some(piece) = text(data.content) {
            draft.append(0, place, Flow::Text, &piece);
        } else if let Some(block) = object::<Block<'_>>(data.content) {
            draft.append(0, place, Flow::Text, &block.text().unwrap_or_default());
            block.thoughts(|text| draft.append(0, place, Flow::Reasoning, text));
        }
    }
}

impl Delta<'_> {
    fn piece(&self) -> (Flow, Cow<'_, str>) {
        let own = || Cow::Borrowed(self.text.as_str().unwrap_or_default());
        match self.kind.as_str() {
            Some("arguments_delta") => (Flow::Arguments, text(self.arguments).unwrap_or_default()),
            Some("thought_summary" | "thought_summary_delta" | "thought") => {
                let text = object::<Texted<'_>>(self.content)
                    .map(|block| Cow::Owned(block.text.as_str().unwrap_or_default().to_owned()));
                (Flow::Reasoning, text.unwrap_or_else(own))
            }
            _ => (Flow::Text, own()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Texted<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}
