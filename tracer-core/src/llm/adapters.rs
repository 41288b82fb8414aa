//! Picks the adapter of an API.

use super::{
    answer::Answer,
    anthropic::{self, AnthropicStream},
    call::{Api, Provider},
    event::Chunk,
    openai_chat::{self, ChatStream},
    openai_completions, openai_embeddings, openai_responses,
    openai_usage::ReasoningRule,
    request::RequestRead,
};
use crate::stream::sse::Event;

/// Reads the body of a request; `None` if it is no JSON object.
pub(super) fn read_request(api: Api, body: &[u8]) -> Option<RequestRead> {
    match api {
        Api::OpenAiChat => openai_chat::read_request(body),
        Api::OpenAiCompletions => openai_completions::read_request(body),
        Api::OpenAiResponses => openai_responses::read_request(body),
        Api::OpenAiEmbeddings => openai_embeddings::read_request(body),
        Api::AnthropicMessages => anthropic::read_request(body),
    }
}

/// Reads an answer in one piece; `false` if it is no JSON object.
pub(super) fn read_document(
    api: Api,
    provider: &Provider,
    body: &[u8],
    answer: &mut Answer,
) -> bool {
    match api {
        Api::OpenAiChat | Api::OpenAiCompletions => {
            openai_chat::read_document(body, answer, reasoning_rule(api, provider))
        }
        Api::OpenAiResponses => openai_responses::read_document(body, answer),
        Api::OpenAiEmbeddings => openai_embeddings::read_document(body, answer),
        Api::AnthropicMessages => anthropic::read_document(body, answer),
    }
}

/// Reads an answer that comes in events.
#[derive(Debug)]
pub(super) enum StreamReader {
    Chat(ChatStream),
    Responses,
    Anthropic(AnthropicStream),
}

impl StreamReader {
    pub(super) fn new(api: Api, provider: &Provider) -> Self {
        match api {
            Api::OpenAiChat | Api::OpenAiCompletions | Api::OpenAiEmbeddings => {
                Self::Chat(ChatStream::new(reasoning_rule(api, provider)))
            }
            Api::OpenAiResponses => Self::Responses,
            Api::AnthropicMessages => Self::Anthropic(AnthropicStream::default()),
        }
    }

    pub(super) fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        match self {
            Self::Chat(stream) => stream.event(event, answer),
            Self::Responses => openai_responses::read_event(event, answer),
            Self::Anthropic(stream) => stream.event(event, answer),
        }
    }
}

fn reasoning_rule(api: Api, provider: &Provider) -> ReasoningRule {
    if api == Api::OpenAiChat && provider.0 == "x_ai" {
        ReasoningRule::Beside
    } else {
        ReasoningRule::Within
    }
}
