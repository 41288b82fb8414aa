//! What Google's APIs begin or store, and answer with a name: `…:predictLongRunning` (films),
//! `…:batchGenerateContent` and `…/cachedContents`.
//!
//! <https://ai.google.dev/api/batch-api>, <https://ai.google.dev/api/caching>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/projects.locations.publishers.models/predictLongRunning>.
//! What a job will use is not known when it is handed in, and nothing is run to store a prompt: no
//! tokens are reported. Asking how a job goes is no call.

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
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Count, Filled, Object, Text, read},
};

/// Jobs and stored prompts.
#[derive(Debug)]
pub(super) struct GoogleJobs;

impl Adapter for GoogleJobs {
    fn name(&self) -> &'static str {
        "google.jobs"
    }

    fn flavour(&self) -> &'static str {
        "gcp.gen_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        if let [.., "cachedContents"] = request.post()? {
            return Some(Endpoint::new(Operation::CacheContent));
        }
        let call = model_method(request)?;
        let operation = match call.method {
            "batchGenerateContent" => Operation::Batch,
            "predictLongRunning" => Operation::VideoGeneration,
            _ => return None,
        };
        let is_deployed = call.is_deployed();
        let endpoint = Endpoint::new(operation).with_model(Some(call.model));
        Some(if is_deployed {
            endpoint.with_certainty(Certainty::NeedsShape)
        } else {
            endpoint
        })
    }

    fn seems(&self, body: &[u8]) -> bool {
        [r#""contents""#, r#""batch""#, r#""prompt""#]
            .iter()
            .any(|member| has_member(body, member))
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let prompted = has_member(body, r#""prompt""#);
        let body = read::<Request<'_>>(body)?;
        // `models/{model}`, on Vertex AI behind project and place.
        let model = body.model.as_str();
        let model = model.and_then(|name| name.rsplit('/').next());
        let has_shape = match context.endpoint.operation {
            Operation::CacheContent => {
                model.is_some() && (body.contents.0 || body.system_instruction.0)
            }
            Operation::Batch => body.batch.0,
            _ => body.instances.0 && prompted,
        };
        Some(RequestRead {
            has_shape,
            facts: RequestFacts {
                model: model.map(str::to_owned),
                choice_count: body.parameters.0.and_then(|given| given.sample_count.0),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(named) = read::<Named<'_>>(body) else {
            return false;
        };
        answer.identify(named.name.as_str(), None);
        answer.fail(&named.error);
        answer.is_pending = context.endpoint.operation == Operation::VideoGeneration;
        true
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = google_error::error_type(body);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    contents: Filled,
    #[serde(alias = "system_instruction")]
    system_instruction: Filled,
    batch: Filled,
    instances: Filled,
    parameters: Object<Parameters>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Parameters {
    sample_count: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    const HOST: &str = "generativelanguage.googleapis.com";

    #[test]
    fn the_answer_names_what_was_begun() {
        for (path, body, answer, name, pending) in [
            (
                "/v1beta/models/veo-3.0-generate-001:predictLongRunning",
                r#"{"instances":[{"prompt":"canary"}],"parameters":{"sampleCount":1}}"#,
                r#"{"name":"models/veo-3.0-generate-001/operations/o1"}"#,
                "video_generation veo-3.0-generate-001",
                Some("true"),
            ),
            (
                "/v1beta/models/gemini-2.5-flash:batchGenerateContent",
                r#"{"batch":{"displayName":"canary","inputConfig":{"fileName":"files/1"}}}"#,
                r#"{"name":"batches/b1","metadata":{"state":"BATCH_STATE_PENDING"}}"#,
                "batch gemini-2.5-flash",
                None,
            ),
            (
                "/v1beta/cachedContents",
                r#"{"model":"models/gemini-2.5-flash","contents":[{"parts":[{"text":"canary"}]}]}"#,
                r#"{"name":"cachedContents/c1","usageMetadata":{"totalTokenCount":4096}}"#,
                "cache_content gemini-2.5-flash",
                None,
            ),
        ] {
            let post = format!("POST {path} HTTP/1.1\nHost: {HOST}");
            let span = span(&Asked(&post, body), &Answered("HTTP/1.1 200 OK", answer));
            let span = span.expect("a call");
            assert_eq!(span.name, name);
            assert!(text(&span, "gen_ai.response.id").is_some(), "{name}");
            assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None, "{name}");
            let is_pending = text(&span, "llm_tracer.response.pending");
            assert_eq!(is_pending.as_deref(), pending, "{name}");
            assert!(!format!("{span:?}").contains("canary"));
        }
    }

    #[test]
    fn on_other_hosts_bodies_must_fit() {
        for (path, body) in [
            ("/cachedContents", r#"{"contents":["x"]}"#),
            ("/models/m:batchGenerateContent", r#"{"items":[1]}"#),
            ("/endpoints/1:predictLongRunning", r#"{"instances":[[1]]}"#),
        ] {
            let post = format!("POST {path} HTTP/1.1\nHost: shop.example");
            let answer = Answered("HTTP/1.1 200 OK", r#"{"name":"x"}"#);
            assert!(span(&Asked(&post, body), &answer).is_none(), "{path}");
        }
    }
}
