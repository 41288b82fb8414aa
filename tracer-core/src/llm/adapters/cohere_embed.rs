//! Cohere `POST /v2/embed` and `/v1/embed`.
//!
//! <https://docs.cohere.com/v2/reference/embed>. Tokens are told as billed units; images are billed
//! apart.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    cohere_request::is_cohere,
    cohere_usage::CohereUsage,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    json::{Count, Filled, Object, Text, Texts, read},
    usage::Usage,
};

/// Embeddings.
#[derive(Debug)]
pub(super) struct CohereEmbed;

impl Adapter for CohereEmbed {
    fn name(&self) -> &'static str {
        "cohere.embed"
    }

    fn flavour(&self) -> &'static str {
        "cohere"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "v1" | "v2", "embed"] if is_cohere(request) || request.provider().is_none() => {
                Some(Endpoint::new(Operation::Embeddings))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input_type""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let has_input = body.texts.0 || body.images.0 || body.inputs.0;
        Some(RequestRead {
            has_shape: has_input && body.model.as_str().is_some(),
            facts: RequestFacts {
                model: body.model.owned(),
                embedding_dimensions: body.output_dimension.0,
                encoding_formats: body.embedding_types.0,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document>(body) else {
            return false;
        };
        if let Some(usage) = document.meta.0.as_ref().and_then(CohereUsage::normalise) {
            answer.usage = Usage {
                input: usage.input,
                ..Usage::default()
            };
        }
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    texts: Filled,
    images: Filled,
    inputs: Filled,
    output_dimension: Count,
    embedding_types: Texts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    meta: Object<CohereUsage>,
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn texts_to_vectors() {
        let read = support::request(
            &CohereEmbed,
            "/cohere/v2/embed",
            r#"{"model":"embed-v4","texts":["a"],"input_type":"search_query","embedding_types":["int8"],
                "output_dimension":512}"#,
        );
        assert!(read.has_shape);
        assert_eq!(read.facts.encoding_formats, ["int8"]);
        assert_eq!(read.facts.embedding_dimensions, Some(512));
        let seen = support::document(
            &CohereEmbed,
            r#"{"id":"e","embeddings":{"int8":[[1,-2]]},"texts":["a"],
                "meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":208}}}"#,
        );
        assert_eq!(seen.tokens(), (Some(208), None));
    }
}
