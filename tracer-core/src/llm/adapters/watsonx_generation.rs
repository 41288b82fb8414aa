//! IBM watsonx `POST /ml/v1/text/generation` and `/generation_stream`.
//!
//! <https://cloud.ibm.com/apidocs/watsonx-ai#text-generation>. A stream counts the input in its first
//! event only, the output so far in each.

use memchr::memmem::Finder;
use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::Chunk,
    members::value_of,
    request_line::RequestLine,
    watsonx_error,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, RequestFacts},
        json::{Count, Filled, Integer, List, Number, Object, Text, Texts, read},
    },
    stream::event::Event,
};

static STOP_REASON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""stop_reason""#));

/// Completions of a prompt.
#[derive(Debug)]
pub(super) struct WatsonxGeneration;

impl Adapter for WatsonxGeneration {
    fn name(&self) -> &'static str {
        "watsonx.generation"
    }

    fn flavour(&self) -> &'static str {
        "ibm.watsonx.ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let stream = match request.post()? {
            [.., "text", "generation"] | [.., "generation", "text"] => false,
            [.., "text", "generation_stream"] | [.., "generation", "text_stream"] => true,
            _ => return None,
        };
        Some(Endpoint::new(Operation::TextCompletion).with_stream(stream))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#) && has_member(body, r#""model_id""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let parameters = body.parameters.0.unwrap_or_default();
        let facts = RequestFacts {
            model: body.model_id.owned(),
            max_tokens: parameters.max_new_tokens.0,
            temperature: parameters.temperature.0,
            top_p: parameters.top_p.0,
            top_k: parameters.top_k.0,
            stop_sequences: parameters.stop_sequences.0,
            seed: parameters.random_seed.0,
            ..RequestFacts::default()
        };
        Some(RequestRead {
            has_shape: body.input.0 && facts.model.is_some(),
            facts,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(answered) = read::<Generated<'_>>(body) else {
            return false;
        };
        answered.tell(answer, Torn::No);
        if answered.errors.0 {
            answer.error = Some(watsonx_error::error_type_or_unnamed(body));
        }
        true
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = watsonx_error::error_type(body);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Pieces { torn: Torn::No })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model_id: Text<'a>,
    input: Filled,
    parameters: Object<Parameters>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    max_new_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    stop_sequences: Texts,
    random_seed: Integer,
}

/// A whole answer or one piece of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Generated<'a> {
    #[serde(borrow)]
    model_id: Text<'a>,
    results: List<Object<Piece<'a>>>,
    errors: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    input_token_count: Count,
    generated_token_count: Count,
    #[serde(borrow)]
    stop_reason: Text<'a>,
}

impl Generated<'_> {
    fn tell(&self, answer: &mut Answer, torn: Torn) {
        answer.identify(None, self.model_id.as_str());
        for (at, piece) in (0..).zip(self.results.0.iter()) {
            let Some(piece) = &piece.0 else { continue };
            let usage = &mut answer.usage;
            if usage.input.is_none_or(|input| input == 0) {
                usage.input = piece.input(torn).or(usage.input);
            }
            let reason = piece.stop_reason.as_str();
            if reason.is_some_and(|reason| is_unfinished(reason.as_bytes())) {
                continue;
            }
            usage.output = piece.generated_token_count.0.or(usage.output);
            if let Some(reason) = reason {
                answer.finish(at, reason);
            }
        }
    }
}

impl Piece<'_> {
    /// All but the first event of a stream say 0: behind a loss that tells nothing.
    fn input(&self, torn: Torn) -> Option<u64> {
        let count = self.input_token_count.0;
        count.filter(|&count| count > 0 || torn == Torn::No)
    }
}

/// Whether events of a stream were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Torn {
    No,
    Yes,
}

fn is_unfinished(reason: &[u8]) -> bool {
    reason.eq_ignore_ascii_case(b"not_finished")
}

/// Reads a stream of events.
#[derive(Debug)]
struct Pieces {
    torn: Torn,
}

impl StreamReader for Pieces {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if answer.model.is_some() && goes_on(event.data) {
            return Chunk::Output;
        }
        let Some(piece) = read::<Generated<'_>>(event.data) else {
            return Chunk::Other;
        };
        piece.tell(answer, self.torn);
        if piece.errors.0 || event.event == b"error" {
            answer.error = Some(watsonx_error::error_type_or_unnamed(event.data));
        }
        if piece.results.0.is_empty() {
            Chunk::Other
        } else {
            Chunk::Output
        }
    }

    /// The first event counts the input and the last one the output.
    fn gap(&mut self, _: &mut Answer) {
        self.torn = Torn::Yes;
    }
}

/// The piece is not the last: the next ones will count more.
fn goes_on(data: &[u8]) -> bool {
    value_of(&STOP_REASON, data)
        .and_then(|value| value.strip_prefix(b"\""))
        .and_then(|value| value.get(..memchr::memchr(b'"', value)?))
        .is_some_and(is_unfinished)
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn paths_of_both_versions() {
        let seen = |path| {
            let endpoint = support::endpoint(&WatsonxGeneration, "ibm.watsonx.ai", path);
            endpoint.and_then(|endpoint| endpoint.stream)
        };
        assert_eq!(seen("/ml/v1/text/generation"), Some(false));
        assert_eq!(
            seen("/ml/v1/deployments/d-1/text/generation_stream"),
            Some(true)
        );
        assert_eq!(seen("/ml/v1-beta/generation/text"), Some(false));
        assert_eq!(seen("/ml/v1-beta/generation/text_stream"), Some(true));
        assert_eq!(seen("/ml/v1/text/chat"), None);
    }

    #[test]
    fn an_answer_in_one_piece() {
        let seen = support::document(
            &WatsonxGeneration,
            r#"{"model_id":"google/flan-ul2","created_at":"t","results":[{"generated_text":"2",
                "generated_token_count":2,"input_token_count":7,"stop_reason":"eos_token"}]}"#,
        );
        assert_eq!(seen.tokens(), (Some(7), Some(2)));
        assert_eq!(seen.facts.finish_reasons, ["eos_token"]);
        assert_eq!(seen.facts.model.as_deref(), Some("google/flan-ul2"));
    }

    #[test]
    fn the_first_event_counts_the_input_and_the_last_the_output() {
        let piece = |output: u32, input: u32, reason: &str| {
            format!(
                r#"{{"model_id":"m","results":[{{"generated_text":"x","generated_token_count":{output},"input_token_count":{input},"stop_reason":"{reason}"}}]}}"#
            )
        };
        let pieces = [
            piece(0, 8, "not_finished"),
            piece(1, 0, "NOT_FINISHED"),
            piece(2, 0, "max_tokens"),
        ];
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| ("message", piece.as_str()))
            .collect();
        let seen = support::events(&WatsonxGeneration, &pieces);
        assert_eq!(seen.tokens(), (Some(8), Some(2)));
        assert_eq!(seen.facts.finish_reasons, ["max_tokens"]);
        assert_eq!(seen.outputs, 3);
    }

    #[test]
    fn errors_have_codes() {
        let error = r#"{"errors":[{"code":"model_not_supported","message":"m"}],"trace":"t","status_code":404}"#;
        assert_eq!(
            support::error_with(&WatsonxGeneration, &[], error).as_deref(),
            Some("model_not_supported")
        );
        let seen = support::document(&WatsonxGeneration, error);
        assert_eq!(seen.error.as_deref(), Some("model_not_supported"));
        let seen = support::events(&WatsonxGeneration, &[("error", error)]);
        assert_eq!(seen.error.as_deref(), Some("model_not_supported"));
    }
}
