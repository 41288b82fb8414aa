//! Anthropic `POST …/v1/complete`, the text completions before messages.
//!
//! <https://docs.anthropic.com/en/api/complete>. Tokens were never told.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, RequestFacts},
        error_body::ErrorField,
        json::{Count, Filled, Flag, Number, Text, Texts, read},
    },
    stream::event::Event,
};

/// Text completions.
#[derive(Debug)]
pub(super) struct AnthropicComplete;

impl Adapter for AnthropicComplete {
    fn name(&self) -> &'static str {
        "anthropic.complete"
    }

    fn flavour(&self) -> &'static str {
        "anthropic"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let [.., "v1", "complete"] = request.post()? else {
            return None;
        };
        let speaks = request.provider() == Some("anthropic")
            || request.header("anthropic-version").is_some();
        let certainty = if speaks {
            Certainty::Sure
        } else {
            Certainty::NeedsShape
        };
        Some(Endpoint::new(Operation::TextCompletion).with_certainty(certainty))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""max_tokens_to_sample""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.prompt.0 && body.max_tokens_to_sample.0.is_some(),
            facts: RequestFacts {
                model: body.model.owned(),
                stream: body.stream.0,
                max_tokens: body.max_tokens_to_sample.0,
                temperature: body.temperature.0,
                top_p: body.top_p.0,
                top_k: body.top_k.0,
                stop_sequences: body.stop_sequences.0,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read::<Completion<'_>>(body).is_some_and(|completion| {
            completion.tell(answer);
            true
        })
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(CompletionStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt: Filled,
    stream: Flag,
    max_tokens_to_sample: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    stop_sequences: Texts,
}

/// An answer, or one event of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Completion<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    completion: Filled,
    stop_reason: Text<'a>,
    error: ErrorField<'a>,
}

impl Completion<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), self.model.as_str());
        if let Some(reason) = self.stop_reason.as_str() {
            answer.finish(0, reason);
        }
        answer.fail(&self.error);
    }
}

#[derive(Debug)]
struct CompletionStream;

impl StreamReader for CompletionStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let Some(completion) = read::<Completion<'_>>(event.data) else {
            return Chunk::Other;
        };
        completion.tell(answer);
        if completion.completion.0 {
            Chunk::Output
        } else {
            Chunk::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn a_stream_without_counts() {
        let post = "POST /v1/complete HTTP/1.1\nHost: api.anthropic.com";
        let body =
            r#"{"model":"claude-2","prompt":"canary","max_tokens_to_sample":9,"stream":true}"#;
        let events = "event: completion\ndata: {\"type\":\"completion\",\"id\":\"c1\",\"completion\":\"a\",\"stop_reason\":null,\"model\":\"claude-2.1\"}\n\n\
            event: ping\ndata: {\"type\": \"ping\"}\n\n\
            event: completion\ndata: {\"type\":\"completion\",\"id\":\"c1\",\"completion\":\"\",\"stop_reason\":\"stop_sequence\",\"model\":\"claude-2.1\"}\n\n";
        let answer = Answered("HTTP/1.1 200 OK\nContent-Type: text/event-stream", events);
        let span = span(&Asked(post, body), &answer).expect("a call");
        assert_eq!(span.name, "text_completion claude-2");
        for (name, value) in [
            ("gen_ai.request.max_tokens", Some("9")),
            ("gen_ai.response.model", Some("claude-2.1")),
            ("gen_ai.response.finish_reasons", Some("stop_sequence")),
            ("gen_ai.usage.output_tokens", None),
            ("llm_tracer.response.chunks", Some("1")),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
    }
}
