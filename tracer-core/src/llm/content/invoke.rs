//! Bedrock's InvokeModel: any model in the format of its maker, told by the body.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{shape::Shape, wire::Raw};
use crate::llm::{
    adapters::bedrock_families::Family,
    json::{Filled, Object, Text, read},
};

/// What tells requests apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    anthropic_version: Filled,
    #[serde(rename = "inferenceConfig")]
    inference_config: Filled,
    #[serde(rename = "schemaVersion")]
    schema_version: Filled,
    messages: Filled,
    message: Filled,
    chat_history: Filled,
    texts: Filled,
    query: Filled,
    #[serde(rename = "inputText")]
    input_text: Filled,
    prompt: Filled,
    #[serde(borrow)]
    system: Raw<'a>,
}

/// The shape of a request.
pub(super) fn of_request(body: &[u8]) -> Shape {
    let request = read::<Request<'_>>(body).unwrap_or_default();
    // Nova's instructions are a list of blocks without types.
    let is_nova = request.inference_config.0 || request.schema_version.0;
    if request.messages.0 {
        if request.anthropic_version.0 {
            Shape::Messages
        } else if is_nova
            || request
                .system
                .is_some_and(|list| list.get().starts_with('['))
        {
            Shape::Converse
        } else {
            Shape::Chat
        }
    } else if request.message.0 || request.chat_history.0 {
        Shape::Cohere
    } else if request.query.0 {
        Shape::Search
    } else if request.prompt.0 || request.input_text.0 && !request.texts.0 {
        Shape::Prompt
    } else {
        Shape::Inputs
    }
}

/// The shape of an answer, or of the first chunk of one.
pub(super) fn of_answer(body: &[u8]) -> Option<Shape> {
    Some(match Family::of(body)? {
        Family::Anthropic => Shape::Messages,
        Family::Cohere => Shape::Cohere,
        Family::Nova => Shape::Nova,
        Family::Chat => Shape::Chat,
        Family::Plain if is_ranking(body) => Shape::Search,
        Family::Plain => Shape::Prompt,
    })
}

/// Cohere's and Amazon's rerankers.
fn is_ranking(body: &[u8]) -> bool {
    memchr::memmem::find(body, br#""relevance_score""#).is_some()
}

/// The payload of a frame.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame<'a> {
    #[serde(borrow)]
    bytes: Text<'a>,
}

/// Decodes the chunk in a frame into `chunk`.
pub(super) fn decode(frame: &[u8], chunk: &mut Vec<u8>) -> bool {
    chunk.clear();
    read::<Object<Frame<'_>>>(frame).is_some_and(|frame| {
        let frame = frame.0.unwrap_or_default();
        let bytes = frame.bytes.as_str().unwrap_or_default();
        BASE64_STANDARD.decode_vec(bytes, chunk).is_ok()
    })
}
