//! Google `POST …:predict`: models that take instances and give predictions.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api>,
//! <https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/predict>.
//! Imagen draws; other published models are told by their publisher. What is deployed to an endpoint
//! may be a model of any kind, and servers of anything that learns use the path `models/{model}` as
//! well: there an instance must hold a prompt or messages. No tokens are counted.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    google_error,
    google_path::model_method,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, OutputType, RequestFacts},
    error_body::ErrorField,
    json::{Count, Filled, List, Object, read},
};

/// Predictions of generative models. Those of embedding models are read elsewhere.
#[derive(Debug)]
pub(super) struct GooglePredict;

impl Adapter for GooglePredict {
    fn name(&self) -> &'static str {
        "google.predict"
    }

    fn flavour(&self) -> &'static str {
        "gcp.gen_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let call = model_method(request).filter(|call| call.method == "predict")?;
        let operation = if draws(&call.model) {
            Operation::ImageGeneration
        } else {
            Operation::GenerateContent
        };
        let certainty = if call.publisher.is_some() || draws(&call.model) {
            Certainty::OnKnownHost
        } else if call.is_deployed() || request.provider() == Some("gcp.gemini") {
            Certainty::NeedsShape
        } else {
            return None;
        };
        let endpoint = Endpoint::new(operation).with_model(Some(call.model));
        Some(endpoint.with_certainty(certainty))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""instances""#) && has_member(body, r#""prompt""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        let first = body.instances.0.into_iter().next();
        let instance = first.and_then(|first| first.0).unwrap_or_default();
        let has_shape = instance.prompt.0 || instance.messages.0;
        let count = body.parameters.0.and_then(|given| given.sample_count.0);
        let draws = context.endpoint.operation == Operation::ImageGeneration;
        Some(RequestRead {
            facts: RequestFacts {
                choice_count: count,
                output_type: draws.then_some(OutputType::Image),
                ..RequestFacts::default()
            },
            has_shape,
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

/// Whether a model of this name makes images.
fn draws(model: &str) -> bool {
    model.starts_with("imagen-") || model.starts_with("imagegeneration")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    instances: List<Object<Instance>>,
    parameters: Object<Parameters>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Instance {
    prompt: Filled,
    messages: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Parameters {
    #[serde(alias = "sample_count")]
    sample_count: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};
    use crate::semconv::Span;

    const IMAGES: &str = r#"{"instances":[{"prompt":"canary"}],"parameters":{"sampleCount":3}}"#;

    fn predict(path: &str, host: &str, body: &str) -> Option<Span> {
        let post = format!("POST {path} HTTP/1.1\nHost: {host}");
        let answer = r#"{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AA=="}]}"#;
        span(&Asked(&post, body), &Answered("HTTP/1.1 200 OK", answer))
    }

    #[test]
    fn images_of_gemini_and_of_vertex() {
        for (path, host, provider) in [
            (
                "/v1beta/models/imagen-4.0-generate-001:predict",
                "generativelanguage.googleapis.com",
                "gcp.gemini",
            ),
            (
                "/v1/projects/p/locations/us-central1/publishers/google/models/imagen-4.0-generate-001:predict",
                "us-central1-aiplatform.googleapis.com",
                "gcp.vertex_ai",
            ),
        ] {
            let span = predict(path, host, IMAGES).expect("a call");
            assert_eq!(span.name, "image_generation imagen-4.0-generate-001");
            for (name, value) in [
                ("gen_ai.provider.name", Some(provider)),
                ("gen_ai.output.type", Some("image")),
                ("gen_ai.request.choice.count", Some("3")),
                ("gen_ai.usage.input_tokens", None),
            ] {
                assert_eq!(text(&span, name).as_deref(), value, "{name}");
            }
            assert!(!format!("{span:?}").contains("canary"));
        }
    }

    #[test]
    fn what_is_deployed_must_be_prompted() {
        let host = "us-central1-aiplatform.googleapis.com";
        let path = "/v1/projects/p/locations/us-central1/endpoints/123:predict";
        let prompted = r#"{"instances":[{"prompt":"x"}]}"#;
        let span = predict(path, host, prompted).expect("a call");
        assert_eq!(span.name, "generate_content endpoints/123");
        let measured = r#"{"instances":[{"age":41,"income":7}]}"#;
        assert!(predict(path, host, measured).is_none());
    }

    #[test]
    fn servers_of_anything_else_have_such_paths() {
        let path = "/v1/models/iris:predict";
        assert!(predict(path, "kserve.example", r#"{"instances":[[1,2,3]]}"#).is_none());
        assert!(predict(path, "kserve.example", IMAGES).is_none());
    }
}
