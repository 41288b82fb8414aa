//! Answers of the models that Bedrock runs, by shape.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>. Anthropic, Cohere's
//! chats and all that speak chat completions have adapters of their own; here are Nova, which speaks
//! like Converse, and the older formats with a text and little else.

use serde::{Deserialize, de::IgnoredAny};
use std::sync::LazyLock;

use super::{
    bedrock_message::{BlockStart, MessageStop, Metadata},
    event::Chunk,
    members::Members,
};
use crate::llm::{
    answer::Answer,
    json::{Count, Filled, List, Object, Text, read},
    usage::Usage,
};

/// Whose format a body is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum Family {
    /// Messages.
    Anthropic,
    /// Chats.
    Cohere,
    /// The words of Converse.
    Nova,
    /// Chat completions and completions: OpenAI, Mistral, Jamba, Qwen, DeepSeek, imported models.
    Chat,
    /// Titan, Llama, Jurassic, older Claude, Cohere and Mistral: texts.
    Plain,
}

/// What tells the families apart, in a whole answer or in a chunk.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shape<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    /// There even if empty, as in a first chunk that tells of filters only.
    choices: Option<IgnoredAny>,
    event_type: Filled,
    generation_id: Filled,
    output: Filled,
    #[serde(rename = "messageStart")]
    message_start: Filled,
    #[serde(rename = "contentBlockStart")]
    block_start: Filled,
    #[serde(rename = "contentBlockDelta")]
    block_delta: Filled,
    #[serde(rename = "contentBlockStop")]
    block_stop: Filled,
    #[serde(rename = "messageStop")]
    message_stop: Filled,
    metadata: Filled,
}

impl Family {
    /// `None` if `body` is no JSON object.
    pub(in crate::llm) fn of(body: &[u8]) -> Option<Self> {
        let shape = read::<Object<Shape<'_>>>(body)?.0?;
        let of_nova = [
            shape.output,
            shape.message_start,
            shape.block_start,
            shape.block_delta,
            shape.block_stop,
            shape.message_stop,
            shape.metadata,
        ];
        Some(match shape.kind.as_str() {
            Some("completion") => Self::Plain,
            Some("message" | "ping" | "error") => Self::Anthropic,
            Some(kind) if kind.starts_with("message_") || kind.starts_with("content_block_") => {
                Self::Anthropic
            }
            _ if shape.choices.is_some() => Self::Chat,
            _ if shape.event_type.0 || shape.generation_id.0 => Self::Cohere,
            _ if of_nova.iter().any(|member| member.0) => Self::Nova,
            _ => Self::Plain,
        })
    }
}

/// The members of Nova's events that are parsed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NovaEvent<'a> {
    #[serde(borrow)]
    content_block_start: Object<BlockStart<'a>>,
    message_stop: Object<MessageStop<'a>>,
    metadata: Object<Metadata<'a>>,
}

static NOVA_TELLING: LazyLock<Members<3>> = LazyLock::new(|| {
    Members::new([
        r#""contentBlockStart""#,
        r#""messageStop""#,
        r#""metadata""#,
    ])
});
static NOVA_DELTA: LazyLock<Members<1>> =
    LazyLock::new(|| Members::new([r#""contentBlockDelta""#]));

/// Takes an event of Nova.
pub(super) fn nova_event(data: &[u8], answer: &mut Answer) -> Chunk {
    if NOVA_TELLING.any_is_set(data)
        && let Some(event) = read::<NovaEvent<'_>>(data)
    {
        if let Some(start) = &event.content_block_start.0 {
            start.tell(answer);
        }
        if let Some(stop) = &event.message_stop.0 {
            stop.tell(answer);
        }
        if let Some(metadata) = &event.metadata.0 {
            metadata.tell(answer);
        }
    }
    if NOVA_DELTA.any_is_set(data) {
        Chunk::Output
    } else {
        Chunk::Other
    }
}

static PLAIN_TELLING: LazyLock<Members<3>> = LazyLock::new(|| {
    Members::new([
        r#""completionReason""#,
        r#""stop_reason""#,
        r#""finish_reason""#,
    ])
});

/// Takes a chunk with a text.
pub(super) fn plain_chunk(data: &[u8], answer: &mut Answer) -> Chunk {
    if PLAIN_TELLING.any_is_set(data)
        && let Some(chunk) = read::<PlainAnswer<'_>>(data)
    {
        chunk.tell_reasons(answer);
    }
    Chunk::Output
}

/// The union of the older formats: an answer, or a chunk of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlainAnswer<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    index: Count,
    /// Llama, Claude.
    stop_reason: Text<'a>,
    /// Cohere.
    finish_reason: Text<'a>,
    /// Titan, in a stream.
    #[serde(rename = "completionReason")]
    completion_reason: Text<'a>,
    /// Cohere, Mistral, Titan, Jurassic, and those that say `stop_reason` in a chat completion.
    generations: List<Object<Piece<'a>>>,
    outputs: List<Object<Piece<'a>>>,
    results: List<Object<Piece<'a>>>,
    completions: List<Object<Piece<'a>>>,
    choices: List<Object<Piece<'a>>>,
    /// Titan.
    #[serde(rename = "inputTextTokenCount")]
    input_text_token_count: Count,
    /// Llama.
    prompt_token_count: Count,
    generation_token_count: Count,
}

/// One of several texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    index: Count,
    #[serde(borrow)]
    stop_reason: Text<'a>,
    finish_reason: Text<'a>,
    #[serde(rename = "completionReason")]
    completion_reason: Text<'a>,
    #[serde(rename = "finishReason")]
    jurassic_reason: Object<Reason<'a>>,
    #[serde(rename = "tokenCount")]
    token_count: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
}

impl Piece<'_> {
    fn reason(&self) -> Option<&str> {
        let of_jurassic = || self.jurassic_reason.0.as_ref()?.reason.as_str();
        (self.finish_reason.as_str())
            .or_else(|| self.stop_reason.as_str())
            .or_else(|| self.completion_reason.as_str())
            .or_else(of_jurassic)
    }
}

impl PlainAnswer<'_> {
    /// Tells of a whole answer.
    pub(super) fn tell(&self, answer: &mut Answer) {
        answer.identify(None, self.model.as_str());
        self.tell_reasons(answer);
        let usage = answer.usage;
        answer.usage = Usage {
            input: usage
                .input
                .or(self.input_text_token_count.0)
                .or(self.prompt_token_count.0),
            output: usage
                .output
                .or(self.generation_token_count.0)
                .or_else(|| self.tokens_of_results()),
            ..usage
        };
    }

    /// Tells why the texts ended.
    fn tell_reasons(&self, answer: &mut Answer) {
        let own = (self.stop_reason.as_str())
            .or_else(|| self.finish_reason.as_str())
            .or_else(|| self.completion_reason.as_str());
        if let Some(reason) = own {
            answer.finish(self.index.0.unwrap_or(0), reason);
        }
        for (at, piece) in (0..).zip(self.pieces()) {
            if let Some(reason) = piece.reason() {
                answer.finish(piece.index.0.unwrap_or(at), reason);
            }
        }
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece<'_>> {
        [
            &self.generations,
            &self.outputs,
            &self.results,
            &self.completions,
            &self.choices,
        ]
        .into_iter()
        .flat_map(|list| &list.0)
        .filter_map(|piece| piece.0.as_ref())
    }

    /// Titan counts each of its texts; one that is not counted leaves the sum unknown.
    fn tokens_of_results(&self) -> Option<u64> {
        if self.results.0.is_empty() {
            return None;
        }
        self.results.0.iter().try_fold(0_u64, |sum, piece| {
            sum.checked_add(piece.0.as_ref()?.token_count.0?)
        })
    }
}
