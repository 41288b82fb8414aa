//! vLLM `POST …/tokenize`.
//!
//! <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/>. Nothing is run: what is counted
//! is no usage. Texts are taken apart by much else under this path; the length of the model's context
//! in the answer tells.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead},
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Count, Filled, Text, read},
};

/// Counting of tokens.
#[derive(Debug)]
pub(super) struct VllmTokenize;

impl Adapter for VllmTokenize {
    fn name(&self) -> &'static str {
        "vllm.tokenize"
    }

    fn flavour(&self) -> &'static str {
        "vllm"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "tokenize"] => {
                Some(Endpoint::new(Operation::CountTokens).with_certainty(Certainty::NeedsShape))
            }
            _ => None,
        }
    }

    /// Only the answer tells.
    fn seems(&self, _: &[u8]) -> bool {
        false
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            may_be: body.prompt.0 || body.messages.0,
            facts: RequestFacts {
                model: body.model.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(counted) = read::<Counted<'_>>(body) else {
            return false;
        };
        answer.is_telling |= counted.count.0.is_some() && counted.max_model_len.0.is_some();
        answer.fail(&counted.error);
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt: Filled,
    messages: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counted<'a> {
    count: Count,
    max_model_len: Count,
    #[serde(borrow)]
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn counting_uses_nothing_and_the_answer_tells() {
        let post = "POST /tokenize HTTP/1.1\nHost: models.example:8000";
        let call = |body, answer| span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer));
        let asked = r#"{"model":"m","prompt":"canary"}"#;
        let counted = r#"{"count":3,"max_model_len":4096,"tokens":[1,2,3]}"#;
        let span = call(asked, counted).expect("a call");
        assert_eq!(span.name, "count_tokens m");
        assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None);
        let provider = text(&span, "gen_ai.provider.name");
        assert_eq!(provider.as_deref(), Some("vllm"));
        assert!(call(asked, r#"{"tokens":["can","ary"],"count":2}"#).is_none());
        assert!(call(r#"{"card":"4111"}"#, counted).is_none());
    }
}
