//! Bedrock `POST /model/{modelId}/converse` and `/converse-stream`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>. Input tokens
//! exclude cached ones on the wire. A stream's frames are named, so that those of text need no
//! parsing; the last one is `metadata`, with the usage.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    bedrock_error,
    bedrock_message::{BlockStart, Message, MessageStop, Metadata},
    bedrock_path::model_action,
    bedrock_tools::ToolConfig,
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, OutputType, RequestFacts},
        json::{Count, Filled, Number, Object, Text, Texts, read},
    },
    stream::event::Event,
};

/// Conversations with any model.
#[derive(Debug)]
pub(super) struct BedrockConverse;

impl Adapter for BedrockConverse {
    fn name(&self) -> &'static str {
        "bedrock.converse"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let (model, action) = model_action(request)?;
        let stream = match action {
            "converse" => false,
            "converse-stream" => true,
            _ => return None,
        };
        Some(
            Endpoint::new(Operation::Chat)
                .with_model(Some(model))
                .with_stream(stream),
        )
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""messages""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        Some(read::<Request<'_>>(body)?.into_read())
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(message) = read::<Message<'_>>(body) else {
            return false;
        };
        message.tell(answer);
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ConverseStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    messages: Filled,
    inference_config: Object<InferenceConfig>,
    tool_config: Object<ToolConfig>,
    #[serde(borrow)]
    guardrail_config: Object<GuardrailConfig<'a>>,
    additional_model_request_fields: Object<Additional<'a>>,
    output_config: Object<OutputConfig<'a>>,
    service_tier: Object<Kind<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InferenceConfig {
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    stop_sequences: Texts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GuardrailConfig<'a> {
    #[serde(borrow)]
    guardrail_identifier: Text<'a>,
}

/// Parameters that only some models have, in the spelling of their makers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Additional<'a> {
    top_k: Number,
    #[serde(rename = "topK")]
    top_k_camel: Number,
    #[serde(rename = "inferenceConfig")]
    inference_config: Object<TopK>,
    #[serde(borrow)]
    reasoning_effort: Text<'a>,
    output_config: Object<Effort<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TopK {
    #[serde(rename = "topK")]
    top_k: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Effort<'a> {
    #[serde(borrow)]
    effort: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OutputConfig<'a> {
    #[serde(borrow)]
    text_format: Object<Kind<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

impl Request<'_> {
    fn into_read(self) -> RequestRead {
        let inference = self.inference_config.0.unwrap_or_default();
        let additional = self.additional_model_request_fields.0.unwrap_or_default();
        let nested = additional.inference_config.0.unwrap_or_default();
        let effort = additional.output_config.0.unwrap_or_default();
        let format = self.output_config.0.unwrap_or_default();
        let format = format.text_format.0.unwrap_or_default();
        let guardrail = self.guardrail_config.0.unwrap_or_default();
        let tools = self.tool_config.0.unwrap_or_default().tools;
        let tier = self.service_tier.0.unwrap_or_default();
        let facts = RequestFacts {
            max_tokens: inference.max_tokens.0,
            temperature: inference.temperature.0,
            top_p: inference.top_p.0,
            top_k: (additional.top_k.0)
                .or(additional.top_k_camel.0)
                .or(nested.top_k.0),
            stop_sequences: inference.stop_sequences.0,
            output_type: (format.kind.as_str() == Some("json_schema")).then_some(OutputType::Json),
            service_tier: tier.kind.owned(),
            reasoning_level: additional
                .reasoning_effort
                .owned()
                .or(effort.effort.owned()),
            guardrail_id: guardrail.guardrail_identifier.owned(),
            tool_count: tools.count,
            tool_names: tools.names,
            ..RequestFacts::default()
        };
        RequestRead {
            facts,
            has_shape: self.messages.0,
            ..RequestRead::default()
        }
    }
}

/// Reads a stream of frames.
#[derive(Debug)]
struct ConverseStream;

impl StreamReader for ConverseStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if bedrock_error::take_exception(event, answer) {
            return Chunk::Other;
        }
        match event.event {
            b"contentBlockDelta" => return Chunk::Output,
            b"contentBlockStart" => {
                if let Some(start) = read::<BlockStart<'_>>(event.data) {
                    start.tell(answer);
                }
            }
            b"messageStop" => {
                if let Some(stop) = read::<MessageStop<'_>>(event.data) {
                    stop.tell(answer);
                }
            }
            b"metadata" => {
                if let Some(metadata) = read::<Metadata<'_>>(event.data) {
                    metadata.tell(answer);
                    answer.ended = true;
                }
            }
            _ => {}
        }
        Chunk::Other
    }
}

#[cfg(test)]
#[path = "bedrock_converse_tests.rs"]
mod tests;
