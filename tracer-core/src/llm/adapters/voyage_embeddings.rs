//! Voyage's embeddings beside those in OpenAI's format: `POST /v1/multimodalembeddings` and
//! `/v1/contextualizedembeddings`.
//!
//! <https://docs.voyageai.com/reference/multimodal-embeddings-api>. Answers have OpenAI's format with
//! nothing but a total.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    openai_embeddings::OpenAiEmbeddings,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    json::{Count, Filled, Text, read},
};

/// Embeddings of pictures, and of texts in their context.
#[derive(Debug)]
pub(super) struct VoyageEmbeddings;

impl Adapter for VoyageEmbeddings {
    fn name(&self) -> &'static str {
        "voyage.embeddings"
    }

    fn flavour(&self) -> &'static str {
        "voyage_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "multimodalembeddings" | "contextualizedembeddings"] => {
                Some(Endpoint::new(Operation::Embeddings))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""inputs""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.inputs.0 && body.model.as_str().is_some(),
            facts: RequestFacts {
                model: body.model.owned(),
                embedding_dimensions: body.output_dimension.0,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        OpenAiEmbeddings.read_document(context, body, answer)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    inputs: Filled,
    output_dimension: Count,
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn the_total_is_the_input() {
        let read = support::request(
            &VoyageEmbeddings,
            "/v1/multimodalembeddings",
            r#"{"model":"voyage-multimodal-3","inputs":[{"content":[{"type":"text","text":"x"}]}]}"#,
        );
        assert!(read.has_shape);
        let seen = support::document(
            &VoyageEmbeddings,
            r#"{"object":"list","data":[],"model":"voyage-multimodal-3",
                "usage":{"text_tokens":5,"image_pixels":2000000,"total_tokens":3576}}"#,
        );
        assert_eq!(seen.tokens(), (Some(3576), None));
        assert_eq!(seen.facts.model.as_deref(), Some("voyage-multimodal-3"));
    }
}
