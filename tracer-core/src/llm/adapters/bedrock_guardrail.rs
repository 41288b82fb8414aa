//! Bedrock `POST /guardrail/{guardrailId}/version/{version}/apply` and `/guardrail-checks/invoke`:
//! texts checked without a model, by a guardrail that is stored or by checks that the request names.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeGuardrailChecks.html>.
//! Text units are billed, not tokens. Checks tell scores and no action.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    bedrock_assessment::{self, Assessment},
    bedrock_error,
    request_line::RequestLine,
};
use crate::{
    evaluation::Judged,
    llm::{
        answer::Answer,
        call::{Operation, RequestFacts},
        json::{Filled, List, Object, Text, read},
    },
};

/// Guardrails on their own.
#[derive(Debug)]
pub(super) struct BedrockGuardrail;

impl Adapter for BedrockGuardrail {
    fn name(&self) -> &'static str {
        "bedrock.guardrail"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "guardrail", _, "version", _, "apply"] | [.., "guardrail-checks", "invoke"] => {
                Some(Endpoint::new(Operation::Moderation))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""content""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        Some(RequestRead {
            has_shape: (body.content.0 && body.source.0) || (body.checks.0 && body.messages.0),
            facts: RequestFacts {
                guardrail_id: context.request.segment_after(None, "guardrail"),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    /// What was done is the reason why it ended: `NONE` or `GUARDRAIL_INTERVENED`.
    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        if let Some(action) = document.action.as_str() {
            answer.finish(0, action);
            answer.findings.guarded = true;
            let is_flagged = Some(action == "GUARDRAIL_INTERVENED");
            answer.findings.judge(Judged {
                is_flagged,
                ..Judged::default()
            });
        }
        for assessment in &document.assessments.0 {
            bedrock_assessment::tell(assessment, None, &mut answer.findings);
        }
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    content: Filled,
    source: Filled,
    checks: Filled,
    messages: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    action: Text<'a>,
    assessments: List<Object<Assessment<'a>>>,
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{self as support, Answered, Asked, span, text},
        *,
    };

    #[test]
    fn checks_without_a_guardrail() {
        let post = "POST /guardrail-checks/invoke HTTP/1.1\n\
                    Host: bedrock-runtime.us-east-1.amazonaws.com";
        let body = r#"{"checks":{"promptAttack":{"categories":[{"category":"JAILBREAK"}]}},
            "messages":[{"role":"user","content":[{"text":"canary"}]}]}"#;
        let answer = r#"{"results":{"promptAttack":{"results":[{"category":"JAILBREAK",
            "severityScore":0.1}]}},"usage":{"promptAttack":{"textUnits":1}}}"#;
        let span = span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer));
        let span = span.expect("a call");
        assert_eq!(span.name, "moderation");
        assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None);
        assert!(!format!("{span:?}").contains("canary"));
    }

    #[test]
    fn what_was_done_is_told() {
        let path = "/guardrail/gr1/version/DRAFT/apply";
        let body = r#"{"source":"INPUT","content":[{"text":{"text":"x"}}]}"#;
        let read = support::request(&BedrockGuardrail, path, body);
        assert!(read.has_shape);
        assert_eq!(read.facts.guardrail_id.as_deref(), Some("gr1"));
        let seen = support::document(
            &BedrockGuardrail,
            r#"{"action":"GUARDRAIL_INTERVENED","usage":{"topicPolicyUnits":1},"outputs":[]}"#,
        );
        assert_eq!(seen.facts.finish_reasons, ["GUARDRAIL_INTERVENED"]);
        assert_eq!(seen.tokens(), (None, None));
    }
}
