//! Bedrock `POST /async-invoke`: a model that is run later, and writes what it makes into a store.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_StartAsyncInvoke.html>. The
//! answer names the run and nothing else. When it is over `GET /async-invoke/{arn}` tells where the
//! results are, and no counts: there is nothing to be joined, and the span says that the run was not
//! over. Such requests are no calls.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    bedrock_error,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    json::{Filled, Text, read},
};

/// Runs that are begun.
#[derive(Debug)]
pub(super) struct BedrockAsyncInvoke;

impl Adapter for BedrockAsyncInvoke {
    fn name(&self) -> &'static str {
        "bedrock.async_invoke"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "async-invoke"] => Some(
                Endpoint::new(Operation::GenerateContent).with_certainty(Certainty::NeedsShape),
            ),
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""modelId""#) && has_member(body, r#""modelInput""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let model = body.model_id.owned();
        let embeds = model.as_ref().is_some_and(|model| model.contains("embed"));
        Some(RequestRead {
            has_shape: model.is_some() && body.model_input.0,
            operation: embeds.then_some(Operation::Embeddings),
            facts: RequestFacts {
                model,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(begun) = read::<Begun<'_>>(body) else {
            return false;
        };
        answer.identify(begun.invocation_arn.as_str(), None);
        answer.is_pending = true;
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    model_id: Text<'a>,
    model_input: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Begun<'a> {
    #[serde(borrow)]
    invocation_arn: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn a_run_is_begun_and_not_over() {
        let post = "POST /async-invoke HTTP/1.1\nHost: bedrock-runtime.us-east-1.amazonaws.com";
        let body = r#"{"modelId":"amazon.nova-reel-v1:0","modelInput":{"taskType":"TEXT_VIDEO"},
            "outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://canary"}}}"#;
        let answer = r#"{"invocationArn":"arn:aws:bedrock:us-east-1:1:async-invoke/r1"}"#;
        let span = span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer));
        let span = span.expect("a call");
        assert_eq!(span.name, "generate_content amazon.nova-reel-v1:0");
        for (name, value) in [
            ("llm_tracer.response.pending", Some("true")),
            (
                "gen_ai.response.id",
                Some("arn:aws:bedrock:us-east-1:1:async-invoke/r1"),
            ),
            ("gen_ai.usage.input_tokens", None),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
        assert!(!format!("{span:?}").contains("canary"));
    }

    #[test]
    fn asking_how_it_goes_is_no_call() {
        let get = "GET /async-invoke/arn%3Aaws HTTP/1.1\n\
                   Host: bedrock-runtime.us-east-1.amazonaws.com";
        let answer = Answered("HTTP/1.1 200 OK", r#"{"status":"Completed"}"#);
        assert!(span(&Asked(get, ""), &answer).is_none());
    }
}
