//! vLLM `POST …/pooling` (what a model makes of a text, before any head) and `POST …/score` (how
//! alike two texts are).
//!
//! <https://docs.vllm.ai/en/latest/models/pooling_models/>. Both answer with a list as embeddings do,
//! and count what went in. Others pool, and keep scores: the first is settled by its answer, the
//! second by the names of its texts.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Filled, Object, Text, read},
};

/// Pooling and scores.
#[derive(Debug)]
pub(super) struct VllmPooling;

impl Adapter for VllmPooling {
    fn name(&self) -> &'static str {
        "vllm.pooling"
    }

    fn flavour(&self) -> &'static str {
        "vllm"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let operation = match request.post()? {
            [.., "pooling"] => Operation::Embeddings,
            [.., "score"] => Operation::Rerank,
            _ => return None,
        };
        Some(Endpoint::new(operation).with_certainty(Certainty::NeedsShape))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""text_1""#) && has_member(body, r#""text_2""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let pools = context.endpoint.operation == Operation::Embeddings;
        Some(RequestRead {
            has_shape: !pools && body.text_1.0 && body.text_2.0,
            may_be: pools && (body.input.0 || body.messages.0),
            facts: RequestFacts {
                model: body.model.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(list) = read::<List<'_>>(body) else {
            return false;
        };
        let id = list.id.as_str();
        answer.identify(id, list.model.as_str());
        answer.fail(&list.error);
        let usage = list.usage.0.as_ref();
        if let Some(usage) = usage.and_then(OpenAiUsage::normalise_input_only) {
            answer.usage = usage;
            answer.is_telling |= list.object.as_str() == Some("list") && id.is_some();
        }
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
    messages: Filled,
    text_1: Filled,
    text_2: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct List<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    object: Text<'a>,
    model: Text<'a>,
    usage: Object<OpenAiUsage>,
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};
    use crate::semconv::Span;

    fn call(path: &str, body: &str, answer: &str) -> Option<Span> {
        let post = format!("POST {path} HTTP/1.1\nHost: models.example:8000");
        let span = span(&Asked(&post, body), &Answered("HTTP/1.1 200 OK", answer))?;
        assert!(!format!("{span:?}").contains("canary"));
        Some(span)
    }

    #[test]
    fn what_went_in_is_counted() {
        for (path, body, answer, name) in [
            (
                "/pooling",
                r#"{"model":"m","input":"canary"}"#,
                r#"{"id":"pool-1","object":"list","created":1,"model":"m","data":[{"index":0,
                    "object":"pooling","data":[[0.5]]}],"usage":{"prompt_tokens":7,"total_tokens":7}}"#,
                "embeddings m",
            ),
            (
                "/v1/score",
                r#"{"model":"m","text_1":"canary","text_2":["a","b"]}"#,
                r#"{"id":"score-1","object":"list","created":1,"model":"m","data":[{"index":0,
                    "object":"score","score":0.5}],"usage":{"prompt_tokens":7,"total_tokens":7}}"#,
                "rerank m",
            ),
        ] {
            let span = call(path, body, answer).expect("a call");
            assert_eq!(span.name, name);
            for (name, value) in [
                ("gen_ai.provider.name", Some("vllm")),
                ("gen_ai.usage.input_tokens", Some("7")),
                ("gen_ai.usage.output_tokens", None),
            ] {
                assert_eq!(text(&span, name).as_deref(), value, "{name}");
            }
        }
    }

    #[test]
    fn pools_and_scores_of_others() {
        let won = r#"{"game":7,"score":9}"#;
        assert!(call("/score", won, r#"{"id":"1","object":"list"}"#).is_none());
        let cars = r#"{"input":["a","b"]}"#;
        assert!(call("/pooling", cars, r#"{"id":"1","object":"pool"}"#).is_none());
    }
}
