//! OpenAI and Mistral `POST …/moderations`.
//!
//! <https://platform.openai.com/docs/api-reference/moderations>. Mistral counts tokens, OpenAI does
//! not. Of the judgement categories and scores are kept.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    moderation_result::{self, Judgement},
    openai_path,
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Filled, List, Object, Text, read},
};

/// Moderations.
#[derive(Debug)]
pub(super) struct OpenAiModerations;

impl Adapter for OpenAiModerations {
    fn name(&self) -> &'static str {
        "openai.moderations"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let [.., "moderations"] = request.post()? else {
            return None;
        };
        Some(openai_path::endpoint(request, Operation::Moderation))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.input.0,
            facts: RequestFacts {
                model: body.model.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(judged) = read::<Judged<'_>>(body) else {
            return false;
        };
        answer.identify(judged.id.as_str(), judged.model.as_str());
        let usage = judged.usage.0.as_ref();
        if let Some(usage) = usage.and_then(OpenAiUsage::normalise_input_only) {
            answer.usage = usage;
        }
        moderation_result::tell_all(&judged.results, &mut answer.findings);
        answer.fail(&judged.error);
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Judged<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    usage: Object<OpenAiUsage>,
    results: List<Object<Judgement<'a>>>,
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn the_judgement_stays_here() {
        let post = "POST /v1/moderations HTTP/1.1\nHost: api.openai.com";
        let body = r#"{"model":"omni-moderation-latest","input":"canary"}"#;
        let answer =
            r#"{"id":"modr-1","model":"omni-moderation-2024-09-26","results":[{"flagged":true}]}"#;
        let span = span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer)).expect("a call");
        assert_eq!(span.name, "moderation omni-moderation-latest");
        for (name, value) in [
            ("gen_ai.response.id", Some("modr-1")),
            ("gen_ai.response.model", Some("omni-moderation-2024-09-26")),
            ("gen_ai.usage.input_tokens", None),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
        assert!(!format!("{span:?}").contains("canary"));
    }
}
