//! Text generation of Hugging Face: `POST /generate` and `/generate_stream` of
//! text-generation-inference, and the same body at the root of an inference endpoint or under
//! `/models/{model}` of the serverless API.
//!
//! <https://huggingface.github.io/text-generation-inference>. A stream counts in its last event; a whole
//! answer counts what was generated if asked for `details`, and both sides in headers.

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
        call::{Operation, RequestFacts},
        error_body::ErrorField,
        json::{Count, Filled, Flag, Integer, List, Number, Object, Text, Texts, read},
        usage::Usage,
    },
    stream::event::Event,
};

/// The end of every event but the last.
const GOES_ON: &[u8] = br#""generated_text":null,"details":null}"#;
/// Members that end a stream.
static TELLING: LazyLock<Members<3>> =
    LazyLock::new(|| Members::new([r#""details""#, r#""generated_text""#, r#""error""#]));

/// Completions of a prompt.
#[derive(Debug)]
pub(super) struct TgiGenerate;

impl Adapter for TgiGenerate {
    fn name(&self) -> &'static str {
        "tgi.generate"
    }

    fn flavour(&self) -> &'static str {
        "hugging_face"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let path = request.post()?;
        let of_hub = request.provider() == Some("hugging_face");
        let endpoint = Endpoint::new(Operation::TextCompletion);
        let endpoint = match path {
            ["generate"] => endpoint,
            [.., "generate_stream"] => endpoint.with_stream(true),
            [] if of_hub => endpoint,
            [.., "models", owner, name] if of_hub => {
                endpoint.with_model(Some(format!("{owner}/{name}")))
            }
            [.., "models", name] if of_hub => endpoint.with_model(Some((*name).to_owned())),
            _ => return None,
        };
        // Models of any kind answer here.
        Some(endpoint.with_certainty(Certainty::NeedsShape))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""inputs""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let parameters = body.parameters.0.unwrap_or_default();
        Some(RequestRead {
            has_shape: body.inputs.as_str().is_some(),
            facts: RequestFacts {
                stream: body.stream.0,
                max_tokens: parameters.max_new_tokens.0,
                temperature: parameters.temperature.0,
                top_p: parameters.top_p.0,
                top_k: parameters.top_k.0,
                frequency_penalty: parameters.frequency_penalty.0,
                stop_sequences: parameters.stop.0,
                seed: parameters.seed.0,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        // At the root the answer stands in a list.
        let generated = if body.trim_ascii_start().starts_with(b"[") {
            read::<List<Object<Generated<'_>>>>(body).map(|list| list.0)
        } else {
            read::<Object<Generated<'_>>>(body).map(|one| vec![one])
        };
        let Some(generated) = generated else {
            return false;
        };
        for one in generated.iter().filter_map(|one| one.0.as_ref()) {
            one.tell(answer);
        }
        let header = |name| context.header(name)?.trim().parse().ok();
        let usage = &mut answer.usage;
        usage.input = usage.input.or_else(|| header("x-prompt-tokens"));
        usage.output = usage.output.or_else(|| header("x-generated-tokens"));
        true
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Tokens)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    inputs: Text<'a>,
    stream: Flag,
    parameters: Object<Parameters>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    max_new_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    stop: Texts,
    seed: Integer,
}

/// A whole answer or one event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Generated<'a> {
    generated_text: Filled,
    token: Filled,
    #[serde(borrow)]
    details: Object<Details<'a>>,
    error: Filled,
    error_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details<'a> {
    #[serde(borrow)]
    finish_reason: Text<'a>,
    generated_tokens: Count,
    input_length: Count,
}

impl Generated<'_> {
    fn tell(&self, answer: &mut Answer) {
        if self.error.0 {
            let named = ErrorField::default().kind_or_unnamed();
            answer.error = Some(self.error_type.owned().unwrap_or(named));
        }
        // Nobody else calls it so.
        answer.is_telling |= self.generated_text.0;
        let Some(details) = &self.details.0 else {
            return;
        };
        if let Some(reason) = details.finish_reason.as_str() {
            answer.finish(0, reason);
        }
        answer.usage = Usage {
            input: details.input_length.0,
            output: details.generated_tokens.0,
            ..Usage::default()
        };
    }
}

/// Reads a stream of tokens.
#[derive(Debug)]
struct Tokens;

impl StreamReader for Tokens {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if event.data.ends_with(GOES_ON) || !TELLING.any_is_set(event.data) {
            return Chunk::Output;
        }
        let Some(last) = read::<Generated<'_>>(event.data) else {
            return Chunk::Other;
        };
        last.tell(answer);
        answer.ended |= last.generated_text.0 || last.details.0.is_some();
        if last.token.0 {
            Chunk::Output
        } else {
            Chunk::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn paths_of_servers_and_of_the_hub() {
        let seen =
            |provider, path| support::facts_of(support::endpoint(&TgiGenerate, provider, path));
        let expected = |model: Option<&str>, stream| {
            Some((Operation::TextCompletion, model.map(str::to_owned), stream))
        };
        assert_eq!(seen("", "/generate"), expected(None, None));
        assert_eq!(seen("", "/generate_stream"), expected(None, Some(true)));
        assert_eq!(seen("hugging_face", "/"), expected(None, None));
        assert_eq!(
            seen("hugging_face", "/models/org/name"),
            expected(Some("org/name"), None)
        );
        assert_eq!(seen("", "/"), None);
        assert_eq!(seen("", "/models/org/name"), None);
    }

    #[test]
    fn an_answer_in_one_piece_and_in_a_list() {
        let one = r#"{"generated_text":"x","details":{"finish_reason":"eos_token","generated_tokens":75,
            "prefill":[],"tokens":[{"id":13,"text":"\n"}]}}"#;
        let list = format!("[{one}]");
        let headers = [("x-prompt-tokens", "17"), ("x-generated-tokens", "75")];
        for body in [one, &list] {
            let seen = support::document_with(&TgiGenerate, &headers, body);
            assert_eq!(seen.tokens(), (Some(17), Some(75)));
            assert_eq!(seen.facts.finish_reasons, ["eos_token"]);
        }
        let bare = support::document(&TgiGenerate, r#"{"generated_text":"x"}"#);
        assert_eq!(bare.tokens(), (None, None));
    }

    #[test]
    fn a_stream_counts_in_its_last_event() {
        let seen = support::chunks(
            &TgiGenerate,
            &[
                r#"{"index":1,"token":{"id":1,"text":"a","logprob":-1,"special":false},"generated_text":null,"details":null}"#,
                r#"{"index":2,"token":{"id":2,"text":"b","logprob":-1,"special":false},"generated_text":"ab",
                    "details":{"finish_reason":"length","generated_tokens":2,"input_length":9,"seed":null}}"#,
            ],
        );
        assert_eq!(seen.tokens(), (Some(9), Some(2)));
        assert_eq!(seen.facts.finish_reasons, ["length"]);
        assert_eq!((seen.outputs, seen.ended), (2, true));
    }

    #[test]
    fn errors_in_a_stream() {
        let error = r#"{"error":"too many tokens","error_type":"validation"}"#;
        let seen = support::chunks(&TgiGenerate, &[error]);
        assert_eq!(seen.error.as_deref(), Some("validation"));
        assert_eq!(
            support::error_with(&TgiGenerate, &[], error).as_deref(),
            Some("validation")
        );
    }
}
