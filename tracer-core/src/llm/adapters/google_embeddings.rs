//! Embeddings of Google: `:embedContent` and `:batchEmbedContents` of Gemini, `:predict` of an
//! embedding model of Vertex AI.
//!
//! <https://ai.google.dev/api/embeddings>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>.
//! Vertex counts the tokens of each text apart.

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
    json::{Count, Filled, List, Object, read},
    usage::Usage,
};

/// Embeddings.
#[derive(Debug)]
pub(super) struct GoogleEmbeddings;

impl Adapter for GoogleEmbeddings {
    fn name(&self) -> &'static str {
        "google.embeddings"
    }

    fn flavour(&self) -> &'static str {
        "gcp.gen_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let call = model_method(request)?;
        let embeds = match call.method {
            "embedContent" | "batchEmbedContents" => true,
            // Vertex runs models of any kind this way.
            "predict" => call.model.contains("embedding") || call.model.contains("gecko"),
            _ => false,
        };
        embeds.then(|| Endpoint::new(Operation::Embeddings).with_model(Some(call.model)))
    }

    fn seems(&self, body: &[u8]) -> bool {
        [r#""content""#, r#""requests""#, r#""instances""#]
            .iter()
            .any(|member| has_member(body, member))
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        let first = body.requests.0.first().and_then(|item| item.0.as_ref());
        let parameters = body.parameters.0.unwrap_or_default();
        let dimensions = body
            .output_dimensionality
            .0
            .or_else(|| first?.output_dimensionality.0)
            .or(parameters.output_dimensionality.0);
        Some(RequestRead {
            facts: RequestFacts {
                embedding_dimensions: dimensions,
                ..RequestFacts::default()
            },
            has_shape: body.content.0 || !body.requests.0.is_empty() || body.instances.0,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        answer.fail(&document.error);
        answer.usage = Usage {
            input: document.tokens(),
            ..Usage::default()
        };
        true
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = google_error::error_type(body);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    content: Filled,
    requests: List<Object<Dimensions>>,
    instances: Filled,
    #[serde(alias = "output_dimensionality")]
    output_dimensionality: Count,
    parameters: Object<Dimensions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Dimensions {
    #[serde(alias = "output_dimensionality")]
    output_dimensionality: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document<'a> {
    usage_metadata: Object<UsageMetadata>,
    predictions: Predictions,
    #[serde(borrow)]
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UsageMetadata {
    prompt_token_count: Count,
}

impl Document<'_> {
    fn tokens(&self) -> Option<u64> {
        let whole = self.usage_metadata.0.as_ref();
        whole
            .and_then(|usage| usage.prompt_token_count.0)
            .or(self.predictions.tokens)
    }
}

/// The sum of the token counts of all texts; absent if one of them is not told. Of a list of any
/// length nothing else is kept.
#[derive(Debug, Default)]
struct Predictions {
    tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prediction {
    embeddings: Object<Embedding>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Embedding {
    statistics: Object<Statistics>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Statistics {
    token_count: Count,
}

impl<'de> crate::llm::json::Lenient<'de> for Predictions {
    fn list<A: serde::de::SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut tokens = None;
        let mut known = true;
        while let Some(item) = list.next_element::<Object<Prediction>>()? {
            let count = item
                .0
                .and_then(|prediction| prediction.embeddings.0)
                .and_then(|embedding| embedding.statistics.0)
                .and_then(|statistics| statistics.token_count.0);
            match count {
                Some(count) => tokens = tokens.unwrap_or(0_u64).checked_add(count),
                None => known = false,
            }
        }
        Ok(Self {
            tokens: tokens.filter(|_| known),
        })
    }
}

crate::llm::json::lenient!(Predictions);

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn gemini_counts_the_whole() {
        let seen = support::document(
            &GoogleEmbeddings,
            r#"{"embeddings":[{"values":[0.5,-0.25]}],"usageMetadata":{"promptTokenCount":9}}"#,
        );
        assert_eq!(seen.tokens(), (Some(9), None));
        let read = support::request(
            &GoogleEmbeddings,
            "/v1beta/models/gemini-embedding-2:batchEmbedContents",
            r#"{"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":256}]}"#,
        );
        assert_eq!(read.facts.embedding_dimensions, Some(256));
        assert!(read.has_shape);
    }

    #[test]
    fn vertex_counts_each_text() {
        let seen = support::document(
            &GoogleEmbeddings,
            r#"{"predictions":[{"embeddings":{"statistics":{"token_count":5},"values":[1]}},
                {"embeddings":{"values":[1],"statistics":{"truncated":false,"token_count":6}}}]}"#,
        );
        assert_eq!(seen.tokens(), (Some(11), None));
        let unknown = support::document(
            &GoogleEmbeddings,
            r#"{"predictions":[{"embeddings":{"statistics":{"token_count":5}}},{}]}"#,
        );
        assert_eq!(unknown.tokens(), (None, None));
    }

    #[test]
    fn only_embedding_models_are_predicted() {
        let endpoint = |model: &str| {
            let path =
                format!("/v1/projects/p/locations/l/publishers/google/models/{model}:predict");
            support::endpoint(&GoogleEmbeddings, "gcp.vertex_ai", &path)
        };
        assert!(endpoint("text-embedding-005").is_some());
        assert!(endpoint("imagen-4.0").is_none());
    }
}
