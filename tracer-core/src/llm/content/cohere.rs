//! Cohere's chats: version 1 with a message and a history, version 2 with messages.

use serde::Deserialize;

use super::{
    block,
    chat::{self, Message},
    chat_stream,
    draft::{Asked, Draft, Flow, Place},
    lone,
    parts::{Head, Parts},
    prompt, tool,
    wire::{Raw, object, objects},
};
use crate::{
    llm::json::{Count, Object, Text, read},
    stream::event::Event,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    messages: Raw<'a>,
    preamble: Text<'a>,
    chat_history: Raw<'a>,
    message: Text<'a>,
    documents: Raw<'a>,
    tools: Raw<'a>,
    tool_results: Raw<'a>,
}

/// A turn of the history of version 1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Turn<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    message: Text<'a>,
    tool_calls: Raw<'a>,
    tool_results: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolResult<'a> {
    #[serde(borrow)]
    call: Object<Named<'a>>,
    outputs: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    parameters: Raw<'a>,
}

/// Reads a request of either version.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    if request.messages.is_some() || request.message.as_str().is_none() {
        return chat::request(body, asked);
    }
    let preamble = request.preamble.as_str().unwrap_or_default();
    asked.system(|parts| parts.text(preamble));
    objects(request.chat_history, |turn: Turn<'_>| {
        let role = turn.role.as_str().unwrap_or_default();
        asked.message(role, None, |parts| {
            parts.text(turn.message.as_str().unwrap_or_default());
            tell_calls(turn.tool_calls, parts);
            tell_results(turn.tool_results, parts);
        });
    });
    asked.message("user", None, |parts| {
        parts.text(request.message.as_str().unwrap_or_default());
    });
    if request.tool_results.is_some() {
        asked.message("tool", None, |parts| {
            tell_results(request.tool_results, parts)
        });
    }
    tool::tell(request.tools, asked);
    chat::tell_documents(request.documents, asked);
    true
}

fn tell_calls(calls: Raw<'_>, parts: &mut Parts<'_>) {
    objects(calls, |call: Named<'_>| {
        parts.tool_call(None, call.name.as_str(), call.parameters);
    });
}

fn tell_results(results: Raw<'_>, parts: &mut Parts<'_>) {
    objects(results, |result: ToolResult<'_>| {
        let call = result.call.0.unwrap_or_default();
        let head = Head {
            name: call.name.as_str(),
            ..Head::default()
        };
        parts.tool_response(head, |inner| inner.json(result.outputs));
    });
}

/// An answer of version 1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    tool_calls: Raw<'a>,
    message: Raw<'a>,
}

/// Reads an answer of either version.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(answer) = read::<Answer<'_>>(body) else {
        return false;
    };
    if answer.message.is_some() {
        return chat::document(body, draft);
    }
    if answer.text.as_str().is_none() && answer.tool_calls.is_none() {
        return prompt::document(body, draft);
    }
    answer.tell(draft);
    true
}

impl Answer<'_> {
    fn tell(&self, draft: &mut Draft) {
        draft.whole(0, 0, |parts| {
            parts.text(self.text.as_str().unwrap_or_default());
            tell_calls(self.tool_calls, parts);
        });
    }
}

/// An event of version 2, or a line of version 1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    event_type: Text<'a>,
    index: Count,
    delta: Raw<'a>,
    /// Of version 1.
    text: Text<'a>,
    response: Raw<'a>,
    is_finished: crate::llm::json::Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Raw<'a>,
}

/// A message that brings a piece of its content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
}

/// Takes the next event.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    let Some(data) = read::<Data<'_>>(event.data) else {
        return;
    };
    let kind = data.kind.as_str().or(data.event_type.as_str());
    match kind.unwrap_or_default() {
        "stream-end" => {
            // The whole answer comes with it.
            if let Some(answer) = object::<Answer<'_>>(data.response) {
                draft.restart(0);
                answer.tell(draft);
            }
        }
        "text-generation" => data.tell_text(draft),
        "" => data.tell_text(draft),
        "content-delta" => data.tell_piece(draft),
        _ => data.tell_delta(draft),
    }
}

impl Data<'_> {
    /// A line of version 1; the last one of a prompt's stream repeats the whole.
    fn tell_text(&self, draft: &mut Draft) {
        if self.is_finished.0 != Some(true) {
            let text = self.text.as_str().unwrap_or_default();
            draft.append(0, Place::default(), Flow::Text, text);
        }
    }

    /// A piece of content, nearly always of text.
    fn tell_piece(&self, draft: &mut Draft) {
        let message = object::<Delta<'_>>(self.delta).and_then(|delta| delta.message);
        let piece = object::<Piece<'_>>(message).and_then(|piece| lone::of_raw(piece.content));
        let Some(text) = piece else {
            return self.tell_delta(draft);
        };
        let place = Place {
            item: 0,
            part: self.index.0.unwrap_or(0),
        };
        draft.append(0, place, Flow::Text, &text);
    }

    fn tell_delta(&self, draft: &mut Draft) {
        let Some(Delta { message }) = object::<Delta<'_>>(self.delta) else {
            return;
        };
        let index = self.index.0.unwrap_or(0);
        let Some(message) = object::<Message<'_>>(message) else {
            return;
        };
        if let Some(content) = object::<block::Block<'_>>(message.content()) {
            let place = Place {
                item: 0,
                part: index,
            };
            let text = content.text().unwrap_or_default();
            draft.append(0, place, Flow::Text, &text);
            content.thoughts(|text| draft.append(0, place, Flow::Reasoning, text));
        }
        let plan = message.thought().unwrap_or_default();
        draft.append(0, Place::default(), Flow::Reasoning, plan);
        chat_stream::tell_tools(0, index, &message, draft);
    }
}
