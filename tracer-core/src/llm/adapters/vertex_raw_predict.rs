//! Models of other makers on Vertex AI, in the format of their makers:
//! `POST …/publishers/{publisher}/models/{model}:rawPredict` and `:streamRawPredict`, and models that
//! are deployed to an endpoint: `POST …/endpoints/{id}:rawPredict`.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/use-partner-models>.
//! Anthropic's models speak messages, all others chat completions. The model stands in the path. What
//! is deployed to an endpoint may speak anything: only chat completions are looked for.

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
    },
    anthropic::AnthropicMessages,
    google_error,
    google_path::model_method,
    openai_chat::OpenAiChat,
    request_line::RequestLine,
};
use crate::llm::{answer::Answer, call::Operation};

/// What stands in place of a model to have tokens counted; the model is in the body.
const COUNT_TOKENS: &str = "count-tokens";

/// A format under the paths of Vertex AI.
#[derive(Debug)]
pub(super) struct VertexRawPredict {
    name: &'static str,
    format: &'static dyn Adapter,
    is_of: fn(Option<&str>) -> bool,
}

/// Anthropic's messages.
pub(super) static VERTEX_ANTHROPIC: VertexRawPredict = VertexRawPredict {
    name: "vertex.anthropic_messages",
    format: &AnthropicMessages,
    is_of: |publisher| publisher == Some("anthropic"),
};

/// Chat completions, of Mistral and others.
pub(super) static VERTEX_CHAT: VertexRawPredict = VertexRawPredict {
    name: "vertex.chat",
    format: &OpenAiChat,
    is_of: |publisher| publisher != Some("anthropic"),
};

impl Adapter for VertexRawPredict {
    fn name(&self) -> &'static str {
        self.name
    }

    fn flavour(&self) -> &'static str {
        "gcp.vertex_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let call = model_method(request)?;
        let stream = match call.method {
            "rawPredict" => false,
            "streamRawPredict" => true,
            _ => return None,
        };
        if !(self.is_of)(call.publisher) {
            return None;
        }
        let endpoint = if call.model == COUNT_TOKENS {
            Endpoint::new(Operation::CountTokens)
        } else {
            Endpoint::new(Operation::Chat)
                .with_model(Some(call.model))
                .with_stream(stream)
        };
        Some(endpoint.with_certainty(match call.publisher {
            Some(_) => Certainty::Sure,
            None => Certainty::NeedsShape,
        }))
    }

    fn seems(&self, body: &[u8]) -> bool {
        self.format.seems(body)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        self.format.read_request(context, body)
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        self.format.read_document(context, body, answer)
    }

    /// Errors come from Google as well as from the maker's server.
    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = google_error::error_type(body);
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        self.format.stream(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn the_publisher_decides_on_the_format() {
        let path = |publisher: &str, model: &str, method: &str| {
            format!("/v1/projects/p/locations/l/publishers/{publisher}/models/{model}:{method}")
        };
        let seen = |adapter: &VertexRawPredict, path: &str| {
            support::facts_of(support::endpoint(adapter, "gcp.vertex_ai", path))
        };
        let claude = path("anthropic", "claude-sonnet-4@20250514", "streamRawPredict");
        let model = Some("claude-sonnet-4@20250514".to_owned());
        assert_eq!(
            seen(&VERTEX_ANTHROPIC, &claude),
            Some((Operation::Chat, model, Some(true)))
        );
        assert_eq!(seen(&VERTEX_CHAT, &claude), None);
        let count = path("anthropic", "count-tokens", "rawPredict");
        assert_eq!(
            seen(&VERTEX_ANTHROPIC, &count),
            Some((Operation::CountTokens, None, None))
        );
        let mistral = path("mistralai", "mistral-large", "rawPredict");
        let model = Some("mistral-large".to_owned());
        assert_eq!(
            seen(&VERTEX_CHAT, &mistral),
            Some((Operation::Chat, model, Some(false)))
        );
    }

    #[test]
    fn what_is_deployed_to_an_endpoint_must_look_like_a_chat() {
        let path = "/v1/projects/p/locations/l/endpoints/123:streamRawPredict";
        let endpoint = support::endpoint(&VERTEX_CHAT, "gcp.vertex_ai", path).expect("an endpoint");
        assert_eq!(endpoint.certainty, Certainty::NeedsShape);
        assert_eq!(endpoint.model.as_deref(), Some("endpoints/123"));
        assert_eq!(endpoint.stream, Some(true));
        assert_eq!(
            support::endpoint(&VERTEX_ANTHROPIC, "gcp.vertex_ai", path),
            None
        );
    }

    #[test]
    fn bodies_are_those_of_the_maker() {
        let seen = support::document(
            &VERTEX_ANTHROPIC,
            r#"{"id":"msg_1","type":"message","model":"claude","stop_reason":"end_turn","content":[],
                "usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":5}}"#,
        );
        assert_eq!(seen.tokens(), (Some(7), Some(5)));
        let seen = support::document(
            &VERTEX_CHAT,
            r#"{"id":"1","choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"}}],
                "usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
        );
        assert_eq!(seen.tokens(), (Some(3), Some(4)));
    }
}
