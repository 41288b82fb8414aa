//! The Model Context Protocol: arguments of tools and what they gave, prompts and resources.

use serde::Deserialize;

use super::{
    block,
    draft::{Asked, Draft},
    parts::Head,
    wire::{Raw, object, objects},
};
use crate::{
    llm::json::{Flag, Object, Scalar, Text, read},
    stream::event::Event,
};

/// A request or a response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    method: Text<'a>,
    params: Object<Params<'a>>,
    result: Object<Outcome<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    arguments: Raw<'a>,
    messages: Raw<'a>,
    #[serde(rename = "systemPrompt")]
    system_prompt: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Outcome<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
    structured_content: Raw<'a>,
    messages: Raw<'a>,
    contents: Raw<'a>,
    is_error: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
}

/// Reads a request: what a tool or a prompt is called with.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(message) = read::<Message<'_>>(body) else {
        return false;
    };
    let params = message.params.0.unwrap_or_default();
    let method = message.method.as_str().unwrap_or_default();
    let system = params.system_prompt.as_str().unwrap_or_default();
    asked.system(|parts| parts.text(system));
    objects(params.messages, |said: Said<'_>| {
        asked.message("user", None, |parts| block::tell(said.content, parts));
    });
    if matches!(method, "tools/call" | "prompts/get") {
        asked.trail.expect_call();
        asked.message("assistant", None, |parts| {
            parts.tool_call(message.id.as_str(), params.name.as_str(), params.arguments);
        });
    }
    true
}

/// Reads a response; what else comes on a stream of messages says nothing here.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(message) = read::<Object<Message<'_>>>(body) else {
        return false;
    };
    let message = message.0.unwrap_or_default();
    let Some(result) = &message.result.0 else {
        return true;
    };
    let head = Head {
        id: message.id.as_str(),
        name: None,
        is_error: result.is_error.0,
    };
    draft.whole(0, 0, |parts| {
        if result.content.is_some() || result.structured_content.is_some() {
            parts.tool_response(head, |inner| {
                block::tell(result.content, inner);
                inner.json(result.structured_content);
            });
        }
        objects(result.messages, |said: Said<'_>| {
            block::tell(said.content, parts)
        });
        // Resources have no type, but an address.
        objects(result.contents, |resource: Resource<'_>| {
            match (resource.text.as_str(), resource.blob.as_str()) {
                (Some(text), _) => parts.text(text),
                (None, Some(blob)) => {
                    let mime_type = resource.mime_type.as_str();
                    parts.media_in(super::model::Modality::Document, mime_type, blob);
                }
                (None, None) => {}
            }
        });
    });
    true
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    blob: Text<'a>,
    mime_type: Text<'a>,
}

/// Takes the next message of a stream.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if object::<Message<'_>>(read::<Raw<'_>>(event.data).flatten()).is_some() {
        document(event.data, draft);
    }
}
