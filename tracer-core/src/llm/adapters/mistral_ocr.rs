//! Mistral `POST /v1/ocr`: text from documents, billed by the page.
//!
//! <https://docs.mistral.ai/api>, "OCR".

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Filled, Text, read},
};

/// Text from documents.
#[derive(Debug)]
pub(super) struct MistralOcr;

impl Adapter for MistralOcr {
    fn name(&self) -> &'static str {
        "mistral.ocr"
    }

    fn flavour(&self) -> &'static str {
        "mistral_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "ocr"] => {
                Some(Endpoint::new(Operation::Ocr).with_certainty(Certainty::NeedsShape))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""document""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.document.0 && body.model.as_str().is_some(),
            facts: RequestFacts {
                model: body.model.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(pages) = read::<Pages<'_>>(body) else {
            return false;
        };
        answer.identify(None, pages.model.as_str());
        answer.fail(&pages.error);
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    document: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pages<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn a_document_is_read() {
        let post = "POST /v1/ocr HTTP/1.1\nHost: api.mistral.ai";
        let body = r#"{"model":"mistral-ocr-latest","document":{"type":"document_url","document_url":"canary"}}"#;
        let answer = r#"{"pages":[{"markdown":"canary"}],"model":"mistral-ocr-2505","usage_info":{"pages_processed":1}}"#;
        let span = span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer)).expect("a call");
        assert_eq!(span.name, "ocr mistral-ocr-latest");
        assert_eq!(
            text(&span, "gen_ai.response.model").as_deref(),
            Some("mistral-ocr-2505")
        );
        assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None);
        assert!(!format!("{span:?}").contains("canary"));
    }
}
