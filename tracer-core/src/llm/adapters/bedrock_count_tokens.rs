//! Bedrock `POST /model/{modelId}/count-tokens`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>. Nothing is
//! run: what is counted is no usage.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    bedrock_error,
    bedrock_path::model_action,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::Operation,
    json::{Count, Filled, read},
};

/// Counting of tokens.
#[derive(Debug)]
pub(super) struct BedrockCountTokens;

impl Adapter for BedrockCountTokens {
    fn name(&self) -> &'static str {
        "bedrock.count_tokens"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let (model, action) = model_action(request)?;
        (action == "count-tokens")
            .then(|| Endpoint::new(Operation::CountTokens).with_model(Some(model)))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        Some(RequestRead {
            has_shape: body.input.0,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], _: &mut Answer) -> bool {
        read::<Counted>(body).is_some_and(|counted| counted.input_tokens.0.is_some())
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    input: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Counted {
    input_tokens: Count,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn counting_uses_nothing() {
        let post = "POST /model/anthropic.claude-sonnet-4-20250514-v1%3A0/count-tokens HTTP/1.1\n\
                    Host: bedrock-runtime.us-east-1.amazonaws.com";
        let body = r#"{"input":{"converse":{"messages":[{"role":"user","content":[]}]}}}"#;
        let answer = Answered("HTTP/1.1 200 OK", r#"{"inputTokens":31}"#);
        let span = span(&Asked(post, body), &answer).expect("a call");
        assert_eq!(
            span.name,
            "count_tokens anthropic.claude-sonnet-4-20250514-v1:0"
        );
        assert_eq!(
            text(&span, "gen_ai.provider.name").as_deref(),
            Some("aws.bedrock")
        );
        assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None);
        assert_eq!(text(&span, "llm_tracer.capture_state"), None);
    }
}
