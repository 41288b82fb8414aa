//! What requests to Cohere have in common.

use serde::Deserialize;

use super::{adapter::RequestRead, request_line::RequestLine};
use crate::llm::{
    call::{OutputType, RequestFacts},
    json::{Count, Filled, Flag, Integer, Number, Object, Text, Texts, Tools, read},
};

/// Cohere itself, Azure, which serves its models in their own format, and gateways with its name in
/// the path.
pub(super) fn is_cohere(request: &RequestLine<'_>) -> bool {
    matches!(request.provider(), Some("cohere" | "azure.ai.inference"))
        || request.path().contains(&"cohere")
}

/// A chat of either version, or a prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    messages: Filled,
    /// Version 1.
    message: Filled,
    prompt: Filled,
    stream: Flag,
    max_tokens: Count,
    temperature: Number,
    p: Number,
    k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop_sequences: Texts,
    seed: Integer,
    num_generations: Count,
    response_format: Object<Format<'a>>,
    tools: Tools,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

/// Reads the body of a chat or a prompt.
pub(super) fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let format = body.response_format.0.unwrap_or_default();
    let output_type = match format.kind.as_str() {
        Some("json_object") => Some(OutputType::Json),
        Some("text") => Some(OutputType::Text),
        _ => None,
    };
    let has_model = body.model.as_str().is_some();
    let facts = RequestFacts {
        model: body.model.owned(),
        stream: body.stream.0,
        max_tokens: body.max_tokens.0,
        temperature: body.temperature.0,
        top_p: body.p.0,
        top_k: body.k.0,
        frequency_penalty: body.frequency_penalty.0,
        presence_penalty: body.presence_penalty.0,
        stop_sequences: body.stop_sequences.0,
        seed: body.seed.0,
        choice_count: body.num_generations.0,
        output_type,
        tool_count: body.tools.count,
        tool_names: body.tools.names,
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape: has_model && (body.messages.0 || body.message.0 || body.prompt.0),
        ..RequestRead::default()
    })
}
