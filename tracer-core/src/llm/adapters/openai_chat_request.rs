//! Requests of chat completions.

use serde::Deserialize;

use super::adapter::RequestRead;
use crate::llm::{
    call::{OutputType, RequestFacts},
    json::{Count, Filled, Flag, Integer, Number, Object, Text, Texts, Tools, read},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    messages: Filled,
    stream: Flag,
    max_completion_tokens: Count,
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop: Texts,
    seed: Integer,
    /// Mistral.
    random_seed: Integer,
    n: Count,
    response_format: Object<Format<'a>>,
    modalities: Texts,
    service_tier: Text<'a>,
    reasoning_effort: Text<'a>,
    /// OpenRouter.
    reasoning: Object<Reasoning<'a>>,
    tools: Tools,
    /// What tools were called before there were tools.
    functions: Tools,
}

/// Where an output format is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

/// Where the effort of reasoning is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::llm) struct Reasoning<'a> {
    #[serde(borrow)]
    pub(in crate::llm) effort: Text<'a>,
    /// OpenRouter.
    max_tokens: Count,
}

impl Format<'_> {
    pub(super) fn output_type(&self) -> Option<OutputType> {
        match self.kind.as_str() {
            Some("json_object" | "json_schema") => Some(OutputType::Json),
            Some("text") => Some(OutputType::Text),
            _ => None,
        }
    }
}

/// Reads a request body; `None` if it is no JSON object.
pub(super) fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let speech = body
        .modalities
        .0
        .iter()
        .any(|modality| modality == "audio")
        .then_some(OutputType::Speech);
    let reasoning = body.reasoning.0.as_ref();
    let tools = if body.tools.count.is_some() {
        body.tools
    } else {
        body.functions
    };
    let facts = RequestFacts {
        model: body.model.owned(),
        stream: body.stream.0,
        max_tokens: body.max_completion_tokens.0.or(body.max_tokens.0),
        temperature: body.temperature.0,
        top_p: body.top_p.0,
        top_k: body.top_k.0,
        frequency_penalty: body.frequency_penalty.0,
        presence_penalty: body.presence_penalty.0,
        stop_sequences: body.stop.0,
        seed: body.seed.0.or(body.random_seed.0),
        choice_count: body.n.0,
        output_type: speech.or_else(|| {
            body.response_format
                .0
                .as_ref()
                .and_then(Format::output_type)
        }),
        service_tier: body.service_tier.owned(),
        reasoning_level: body
            .reasoning_effort
            .owned()
            .or_else(|| reasoning.and_then(|reasoning| reasoning.effort.owned())),
        reasoning_budget: reasoning.and_then(|reasoning| reasoning.max_tokens.0),
        tool_count: tools.count,
        tool_names: tools.names,
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape: body.messages.0,
        ..RequestRead::default()
    })
}
