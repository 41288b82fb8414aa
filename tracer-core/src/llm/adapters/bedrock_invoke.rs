//! Bedrock `POST /model/{modelId}/invoke` and `/invoke-with-response-stream`: any model in the
//! format of its maker.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>. What a body is, is
//! told by its shape and not by the name of the model, since profiles and imported models have any
//! name. Bedrock itself counts tokens, in headers of the response and in the last chunk of a stream:
//! both stand in for what the maker's format does not tell. Chunks are base64 in frames.

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::{memchr, memmem::Finder};
use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    anthropic::AnthropicMessages,
    bedrock_assessment::GuardrailTrace,
    bedrock_error,
    bedrock_families::{Family, PlainAnswer, nova_event, plain_chunk},
    bedrock_invoke_request::read_request,
    bedrock_message::Message,
    bedrock_path::model_action,
    cohere_chat::CohereChat,
    event::{Chunk, event_type},
    members::value_of,
    openai_chat::OpenAiChat,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::Operation,
        json::{Count, Object, Text, read},
    },
    stream::event::Event,
};

static METRICS: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(r#""amazon-bedrock-invocationMetrics""#));

static GUARDRAIL: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(r#""amazon-bedrock-guardrailAction""#));

/// Models in the formats of their makers.
#[derive(Debug)]
pub(super) struct BedrockInvoke;

impl Adapter for BedrockInvoke {
    fn name(&self) -> &'static str {
        "bedrock.invoke"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let (model, action) = model_action(request)?;
        let stream = match action {
            "invoke" => false,
            "invoke-with-response-stream" => true,
            _ => return None,
        };
        Some(
            Endpoint::new(operation_of(&model))
                .with_model(Some(model))
                .with_stream(stream),
        )
    }

    fn seems(&self, body: &[u8]) -> bool {
        [r#""messages""#, r#""prompt""#, r#""inputText""#]
            .iter()
            .any(|member| has_member(body, member))
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let mut read = read_request(context.endpoint.operation, body)?;
        let guardrail = context.request.header("x-amzn-bedrock-guardrailidentifier");
        read.facts.guardrail_id = guardrail.map(str::to_owned);
        Some(read)
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let read = match Family::of(body) {
            None => return false,
            Some(Family::Anthropic) => AnthropicMessages.read_document(context, body, answer),
            Some(Family::Cohere) => CohereChat.read_document(context, body, answer),
            Some(Family::Nova) => read::<Message<'_>>(body)
                .map(|message| message.tell(answer))
                .is_some(),
            Some(Family::Chat) => {
                OpenAiChat.read_document(context, body, answer) && tell_plain(body, answer)
            }
            Some(Family::Plain) => tell_plain(body, answer),
        };
        Counted::by_headers(context).fill(answer, context.endpoint.operation);
        tell_guardrail(body, answer);
        read
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(InvokeStream {
            operation: context.endpoint.operation,
            family: None,
            anthropic: AnthropicMessages.stream(context),
            cohere: CohereChat.stream(context),
            chat: OpenAiChat.stream(context),
            decoded: Vec::new(),
            is_torn: false,
        })
    }
}

/// What models of a name do, where the name tells; else a prompt is completed, unless the request
/// holds messages.
fn operation_of(model: &str) -> Operation {
    let is = |parts: &[&str]| parts.iter().any(|part| model.contains(part));
    if is(&["embed"]) {
        Operation::Embeddings
    } else if is(&["rerank"]) {
        Operation::Rerank
    } else if is(&["stability.", "nova-canvas", "titan-image"]) {
        Operation::ImageGeneration
    } else {
        Operation::TextCompletion
    }
}

/// What a guardrail did, beside what the model says in its maker's words.
fn tell_guardrail(data: &[u8], answer: &mut Answer) {
    if GUARDRAIL.find(data).is_none() {
        return;
    }
    let Some(guarded) = read::<Guarded<'_>>(data) else {
        return;
    };
    if let Some(action) = guarded.action.as_str() {
        answer.findings.guarded = true;
        answer.findings.intervened |= action == "INTERVENED";
    }
    if let Some(trace) = guarded.trace.0.and_then(|trace| trace.guardrail.0) {
        trace.tell(&mut answer.findings);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Guarded<'a> {
    #[serde(borrow, rename = "amazon-bedrock-guardrailAction")]
    action: Text<'a>,
    #[serde(rename = "amazon-bedrock-trace")]
    trace: Object<GuardTrace<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GuardTrace<'a> {
    #[serde(borrow)]
    guardrail: Object<GuardrailTrace<'a>>,
}

fn tell_plain(body: &[u8], answer: &mut Answer) -> bool {
    read::<PlainAnswer<'_>>(body)
        .map(|plain| plain.tell(answer))
        .is_some()
}

/// Tokens as Bedrock counted them, without those of the cache.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Counted {
    input_token_count: Count,
    output_token_count: Count,
}

impl Counted {
    fn by_headers(context: &AnswerContext<'_>) -> Self {
        let count = |name| {
            Count(
                context
                    .header(name)
                    .and_then(|value| value.trim().parse().ok()),
            )
        };
        Self {
            input_token_count: count("x-amzn-bedrock-input-token-count"),
            output_token_count: count("x-amzn-bedrock-output-token-count"),
        }
    }

    fn fill(&self, answer: &mut Answer, operation: Operation) {
        let usage = &mut answer.usage;
        usage.input = usage.input.or(self.input_token_count.0);
        if !matches!(operation, Operation::Embeddings | Operation::Rerank) {
            usage.output = usage.output.or(self.output_token_count.0);
        }
    }
}

/// Reads a stream of frames, each with a chunk in the maker's format.
#[derive(Debug)]
struct InvokeStream {
    operation: Operation,
    /// Told by the first chunk.
    family: Option<Family>,
    anthropic: Box<dyn StreamReader>,
    cohere: Box<dyn StreamReader>,
    chat: Box<dyn StreamReader>,
    /// The chunk under way; kept for its capacity.
    decoded: Vec<u8>,
    /// Frames were lost.
    is_torn: bool,
}

/// What the payload of a frame begins with. Another member pads it to hide its length.
const BYTES: &[u8] = br#"{"bytes":""#;
/// The payload of a frame that is written in another way.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame<'a> {
    #[serde(borrow)]
    bytes: Text<'a>,
}

/// Base64 of a chunk in which the type of an event of Anthropic stands.
const TYPE_BASE64: usize = 64;

impl StreamReader for InvokeStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if bedrock_error::take_exception(event, answer) {
            return Chunk::Other;
        }
        if let Some(coded) = bytes_of(event.data) {
            return self.coded(coded, answer);
        }
        let frame = read::<Frame<'_>>(event.data).unwrap_or_default();
        self.coded(frame.bytes.as_str().unwrap_or_default().as_bytes(), answer)
    }

    fn gap(&mut self, answer: &mut Answer) {
        self.is_torn = true;
        match self.family {
            Some(Family::Anthropic) => self.anthropic.gap(answer),
            Some(Family::Chat) => self.chat.gap(answer),
            // If nothing tells yet who will speak, all have to know.
            None | Some(Family::Cohere | Family::Nova | Family::Plain) => {
                self.anthropic.gap(answer);
                self.chat.gap(answer);
                self.cohere.gap(answer);
            }
        }
    }

    fn finish(&mut self, answer: &mut Answer) {
        self.chat.finish(answer);
    }
}

/// The chunk of a frame, still in base64, where it stands first.
fn bytes_of(payload: &[u8]) -> Option<&[u8]> {
    let rest = payload.strip_prefix(BYTES)?;
    rest.get(..memchr(b'"', rest)?)
}

impl InvokeStream {
    fn coded(&mut self, coded: &[u8], answer: &mut Answer) -> Chunk {
        if self.family == Some(Family::Anthropic) && self.is_delta(coded) {
            return Chunk::Output;
        }
        if self.decode(coded) {
            self.chunk(answer)
        } else {
            Chunk::Other
        }
    }

    /// Whether the beginning of an event of Anthropic says that it carries a piece of output.
    fn is_delta(&mut self, coded: &[u8]) -> bool {
        let Some(beginning) = coded.get(..TYPE_BASE64) else {
            return false;
        };
        self.decode(beginning)
            && event_type(&Event {
                data: &self.decoded,
                ..Event::default()
            }) == Some(b"content_block_delta")
    }

    fn decode(&mut self, coded: &[u8]) -> bool {
        self.decoded.clear();
        BASE64_STANDARD.decode_vec(coded, &mut self.decoded).is_ok()
    }

    fn chunk(&mut self, answer: &mut Answer) -> Chunk {
        let data = self.decoded.as_slice();
        if self.family.is_none() {
            self.family = Family::of(data);
        }
        let event = Event {
            data,
            ..Event::default()
        };
        let chunk = match self.family {
            None => Chunk::Other,
            Some(Family::Anthropic) => self.anthropic.event(&event, answer),
            Some(Family::Cohere) => self.cohere.event(&event, answer),
            Some(Family::Chat) => {
                // Mistral and DeepSeek say `stop_reason`.
                plain_chunk(data, answer);
                self.chat.event(&event, answer)
            }
            Some(Family::Nova) => nova_event(data, answer),
            Some(Family::Plain) => plain_chunk(data, answer),
        };
        tell_guardrail(data, answer);
        // The last chunk has them.
        if let Some(counted) = value_of(&METRICS, data).and_then(read::<Object<Counted>>)
            && let Some(mut counted) = counted.0
        {
            // Those of the cache stood in what was lost.
            if self.is_torn && self.family == Some(Family::Anthropic) {
                counted.input_token_count = Count(None);
            }
            counted.fill(answer, self.operation);
            answer.ended = true;
        }
        chunk
    }
}

#[cfg(test)]
#[path = "bedrock_invoke_tests.rs"]
mod tests;
