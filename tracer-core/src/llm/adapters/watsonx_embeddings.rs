//! IBM watsonx `POST /ml/v1/text/embeddings`.
//!
//! <https://cloud.ibm.com/apidocs/watsonx-ai#text-embeddings>.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    request_line::RequestLine,
    watsonx_error,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    json::{Count, Filled, Text, read},
    usage::Usage,
};

/// Embeddings.
#[derive(Debug)]
pub(super) struct WatsonxEmbeddings;

impl Adapter for WatsonxEmbeddings {
    fn name(&self) -> &'static str {
        "watsonx.embeddings"
    }

    fn flavour(&self) -> &'static str {
        "ibm.watsonx.ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "text", "embeddings"] => Some(Endpoint::new(Operation::Embeddings)),
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""inputs""#) && has_member(body, r#""model_id""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.inputs.0 && body.model_id.as_str().is_some(),
            facts: RequestFacts {
                model: body.model_id.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        answer.identify(None, document.model_id.as_str());
        answer.usage = Usage {
            input: document.input_token_count.0,
            ..Usage::default()
        };
        true
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = watsonx_error::error_type(body);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model_id: Text<'a>,
    inputs: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    model_id: Text<'a>,
    input_token_count: Count,
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn inputs_are_counted() {
        let read = support::request(
            &WatsonxEmbeddings,
            "/ml/v1/text/embeddings",
            r#"{"model_id":"ibm/slate","inputs":["a","b"],"project_id":"p"}"#,
        );
        assert!(read.has_shape);
        assert_eq!(read.facts.model.as_deref(), Some("ibm/slate"));
        let seen = support::document(
            &WatsonxEmbeddings,
            r#"{"model_id":"ibm/slate","results":[{"embedding":[0.5]}],"input_token_count":6}"#,
        );
        assert_eq!(seen.tokens(), (Some(6), None));
    }
}
