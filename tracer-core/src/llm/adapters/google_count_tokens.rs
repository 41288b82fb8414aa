//! Google `POST …/models/{model}:countTokens`.
//!
//! <https://ai.google.dev/api/tokens>. Nothing is run: what is counted is no usage.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    google_error,
    google_path::model_method,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Filled, read},
};

/// Counting of tokens.
#[derive(Debug)]
pub(super) struct GoogleCountTokens;

impl Adapter for GoogleCountTokens {
    fn name(&self) -> &'static str {
        "google.count_tokens"
    }

    fn flavour(&self) -> &'static str {
        "gcp.gen_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let call = model_method(request)?;
        (call.method == "countTokens")
            .then(|| Endpoint::new(Operation::CountTokens).with_model(Some(call.model)))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""contents""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        Some(RequestRead {
            facts: RequestFacts::default(),
            has_shape: body.contents.0 || body.generate_content_request.0 || body.instances.0,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        answer.fail(&document.error);
        true
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = google_error::error_type(body);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    contents: Filled,
    generate_content_request: Filled,
    instances: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};
    use crate::llm::usage::Usage;

    #[test]
    fn counting_uses_nothing() {
        let path = "/v1beta/models/gemini-2.5-flash:countTokens";
        let endpoint = support::endpoint(&GoogleCountTokens, "gcp.gemini", path);
        assert_eq!(endpoint.expect("one").operation, Operation::CountTokens);
        let seen = support::document(
            &GoogleCountTokens,
            r#"{"totalTokens":31,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}"#,
        );
        assert_eq!(seen.usage, Usage::default());
    }
}
