//! llama.cpp's own `POST /completion` and `/infill`.
//!
//! <https://github.com/ggml-org/llama.cpp/tree/master/tools/server>. The last event of a stream has
//! `stop: true` and the counts; what was found in the cache is told by `timings`.
//!
//! A request needs no more than a prompt, and much else is called a completion. Where it has no
//! parameter of its own, the answer must tell: by the server's name or by its counts.

use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::Chunk,
    members::Members,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, OutputType, RequestFacts},
        error_body::{self, ErrorField},
        json::{Count, Filled, Flag, Integer, Number, Object, Text, Texts, read},
        usage::Usage,
    },
    stream::event::Event,
};

/// Members of the last event.
static TELLING: LazyLock<Members<4>> = LazyLock::new(|| {
    Members::new([
        r#""stop_type""#,
        r#""stopped_eos""#,
        r#""timings""#,
        r#""error""#,
    ])
});

/// Completions of a prompt.
#[derive(Debug)]
pub(super) struct LlamaCppCompletion;

impl Adapter for LlamaCppCompletion {
    fn name(&self) -> &'static str {
        "llama_cpp.completion"
    }

    fn flavour(&self) -> &'static str {
        "llama_cpp"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "completion" | "infill"] => {
                Some(Endpoint::new(Operation::TextCompletion).with_certainty(Certainty::NeedsShape))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""n_predict""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        // A member with the name of a parameter of its own tells it from other services.
        let is_its_own = body.n_predict.0.is_some() || body.cache_prompt.0 || body.id_slot.0;
        let has_input = body.prompt.0 || body.input_prefix.0;
        Some(RequestRead {
            has_shape: has_input && is_its_own,
            may_be: has_input,
            facts: RequestFacts {
                model: body.model.owned(),
                stream: body.stream.0,
                max_tokens: body.n_predict.0.and_then(|count| u64::try_from(count).ok()),
                temperature: body.temperature.0,
                top_p: body.top_p.0,
                top_k: body.top_k.0,
                frequency_penalty: body.frequency_penalty.0,
                presence_penalty: body.presence_penalty.0,
                stop_sequences: body.stop.0,
                seed: body.seed.0,
                output_type: body.json_schema.0.then_some(OutputType::Json),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(piece) = read::<Piece<'_>>(body) else {
            return false;
        };
        answer.is_telling |= is_its_server(context);
        piece.tell(answer);
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.is_telling |= is_its_server(context);
        answer.error = error_body::error_type(body);
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Pieces {
            is_its_server: is_its_server(context),
        })
    }
}

/// Whether the server gives its name.
pub(super) fn is_its_server(context: &AnswerContext<'_>) -> bool {
    context.header("server") == Some("llama.cpp")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt: Filled,
    input_prefix: Filled,
    stream: Flag,
    /// -1 is without a bound.
    n_predict: Integer,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop: Texts,
    seed: Integer,
    json_schema: Filled,
    cache_prompt: Filled,
    id_slot: Filled,
}

/// A whole answer or one event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    content: Filled,
    stop: Flag,
    #[serde(borrow)]
    stop_type: Text<'a>,
    model: Text<'a>,
    tokens_predicted: Count,
    tokens_evaluated: Count,
    timings: Object<Timings>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Timings {
    cache_n: Count,
}

impl Piece<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(None, self.model.as_str());
        answer.fail(&self.error);
        if self.stop.0 == Some(false) {
            return;
        }
        if let Some(reason) = self.stop_type.as_str() {
            answer.finish(0, reason);
        }
        // Nobody else counts under these names.
        answer.is_telling |= self.tokens_predicted.0.is_some() && self.tokens_evaluated.0.is_some();
        let input = self.tokens_evaluated.0;
        answer.usage = Usage {
            input,
            output: self.tokens_predicted.0,
            cache_read: self
                .timings
                .0
                .as_ref()
                .and_then(|timings| timings.cache_n.0)
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            ..Usage::default()
        };
        answer.ended |= self.stop.0 == Some(true);
    }
}

/// Reads a stream of events.
#[derive(Debug)]
struct Pieces {
    is_its_server: bool,
}

impl StreamReader for Pieces {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        answer.is_telling |= self.is_its_server;
        if !TELLING.any_is_set(event.data) {
            return Chunk::Output;
        }
        let Some(piece) = read::<Piece<'_>>(event.data) else {
            return Chunk::Other;
        };
        piece.tell(answer);
        if piece.content.0 {
            Chunk::Output
        } else {
            Chunk::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{self as support, Answered, Asked, text},
        *,
    };

    #[test]
    fn a_parameter_of_its_own_tells_it_from_others() {
        let read = |body| support::request(&LlamaCppCompletion, "/completion", body);
        let own = read(r#"{"prompt":"x","n_predict":-1,"stream":true}"#);
        assert!(own.has_shape);
        assert_eq!((own.facts.max_tokens, own.facts.stream), (None, Some(true)));
        assert_eq!(
            read(r#"{"prompt":"x","n_predict":64}"#).facts.max_tokens,
            Some(64)
        );
        assert!(!read(r#"{"prompt":"x"}"#).has_shape);
    }

    #[test]
    fn the_answer_tells_what_a_bare_prompt_does_not() {
        let calls = |path: &str, body, status: &str, answer| {
            let post = format!("POST {path} HTTP/1.1\nHost: models.example");
            support::span(&Asked(&post, body), &Answered(status, answer))
        };
        let ok = "HTTP/1.1 200 OK";
        let counted = r#"{"content":"a","stop":true,"stop_type":"eos","tokens_predicted":3,
            "tokens_evaluated":9}"#;
        for (path, body) in [
            ("/completion", r#"{"prompt":"x"}"#),
            ("/infill", r#"{"input_prefix":"x","input_suffix":"y"}"#),
        ] {
            let span = calls(path, body, ok, counted).expect("a call");
            let provider = text(&span, "gen_ai.provider.name");
            assert_eq!(provider.as_deref(), Some("llama_cpp"));
            assert_eq!(
                text(&span, "gen_ai.usage.output_tokens").as_deref(),
                Some("3")
            );
            let other = r#"{"content":"a","stop":true,"tokens":3}"#;
            assert!(calls(path, body, ok, other).is_none());
        }
        let stream = "data: {\"content\":\"a\",\"stop\":false}\n\n\
            data: {\"content\":\"\",\"stop\":true,\"stop_type\":\"limit\",\
            \"tokens_predicted\":1,\"tokens_evaluated\":2}\n\n";
        let events = "HTTP/1.1 200 OK\nContent-Type: text/event-stream";
        let asked = r#"{"prompt":"x","stream":true}"#;
        assert!(calls("/completion", asked, events, stream).is_some());
        let named = "HTTP/1.1 503 Unavailable\nServer: llama.cpp";
        let error = r#"{"error":{"code":503,"type":"unavailable_error"}}"#;
        let prompt = r#"{"prompt":"x"}"#;
        let span = calls("/completion", prompt, named, error).expect("a call");
        let error_type = text(&span, "error.type");
        assert_eq!(error_type.as_deref(), Some("unavailable_error"));
        let nameless = "HTTP/1.1 503 Unavailable";
        assert!(calls("/completion", prompt, nameless, error).is_none());
    }

    #[test]
    fn the_last_event_counts() {
        let last = r#"{"index":0,"content":"","stop":true,"model":"m.gguf","tokens_predicted":12,
            "tokens_evaluated":40,"stop_type":"eos","tokens_cached":51,
            "timings":{"cache_n":32,"prompt_n":8,"predicted_n":12}}"#;
        let seen = support::chunks(
            &LlamaCppCompletion,
            &[
                r#"{"index":0,"content":"a","tokens":[1],"stop":false,"id_slot":0,"tokens_predicted":1}"#,
                last,
            ],
        );
        assert_eq!(seen, {
            let mut whole = support::document(&LlamaCppCompletion, last);
            whole.outputs = 1;
            whole
        });
        assert_eq!(seen.tokens(), (Some(40), Some(12)));
        assert_eq!(seen.usage.cache_read, Some(32));
        assert_eq!(seen.facts.finish_reasons, ["eos"]);
    }
}
