//! Films: OpenAI `POST …/videos` and `…/videos/{id}/remix`, xAI `POST …/videos/{generations,edits}`.
//!
//! <https://platform.openai.com/docs/api-reference/videos>,
//! <https://docs.x.ai/docs/guides/video-generations>. The answer names a job that goes on; neither it
//! nor what is asked for later counts tokens. Asking how it goes is no call.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    openai_path,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Filled, Text, read},
};

/// Films.
#[derive(Debug)]
pub(super) struct OpenAiVideos;

impl Adapter for OpenAiVideos {
    fn name(&self) -> &'static str {
        "openai.videos"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let ([.., "videos"] | [.., "videos", "generations" | "edits"] | [.., "videos", _, "remix"]) =
            request.post()?
        else {
            return None;
        };
        // Films of any kind are kept under such paths.
        let makes_films = matches!(request.provider(), Some("openai" | "x_ai" | "openrouter"));
        let endpoint = openai_path::endpoint(request, Operation::VideoGeneration);
        Some(endpoint.with_certainty(if makes_films {
            Certainty::OnKnownHost
        } else {
            Certainty::NeedsShape
        }))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""prompt""#) && has_member(body, r#""model""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.prompt.0 && body.model.as_str().is_some(),
            may_be: body.prompt.0,
            facts: RequestFacts {
                model: body.model.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(job) = read::<Job<'_>>(body) else {
            return false;
        };
        answer.is_telling |= job.object.as_str() == Some("video") && job.status.as_str().is_some();
        let id = job.id.as_str().or(job.request_id.as_str());
        answer.identify(id, job.model.as_str());
        answer.fail(&job.error);
        answer.is_pending =
            answer.error.is_none() && !matches!(job.status.as_str(), Some("completed" | "failed"));
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Job<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    /// xAI.
    request_id: Text<'a>,
    object: Text<'a>,
    model: Text<'a>,
    status: Text<'a>,
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    const OPENAI: &str = r#"{"id":"video_1","object":"video","model":"sora-2","status":"queued",
        "progress":0,"error":null}"#;

    #[test]
    fn a_job_is_begun_and_not_over() {
        for (head, body, answer, name, id) in [
            (
                "/v1/videos HTTP/1.1\nHost: api.openai.com",
                r#"{"model":"sora-2","prompt":"canary","seconds":"4"}"#,
                OPENAI,
                "video_generation sora-2",
                "video_1",
            ),
            (
                "/v1/videos/generations HTTP/1.1\nHost: api.x.ai",
                r#"{"model":"grok-imagine-video","prompt":"canary"}"#,
                r#"{"request_id":"r1"}"#,
                "video_generation grok-imagine-video",
                "r1",
            ),
        ] {
            let post = format!("POST {head}");
            let span = span(&Asked(&post, body), &Answered("HTTP/1.1 200 OK", answer));
            let span = span.expect("a call");
            assert_eq!(span.name, name);
            for (name, value) in [
                ("gen_ai.response.id", Some(id)),
                ("llm_tracer.response.pending", Some("true")),
                ("gen_ai.usage.output_tokens", None),
            ] {
                assert_eq!(text(&span, name).as_deref(), value, "{name}");
            }
            assert!(!format!("{span:?}").contains("canary"));
        }
    }

    #[test]
    fn films_of_others_are_no_calls() {
        let post = "POST /videos HTTP/1.1\nHost: films.example";
        let calls = |body, answer| {
            let answer = Answered("HTTP/1.1 200 OK", answer);
            span(&Asked(post, body), &answer).is_some()
        };
        assert!(!calls(r#"{"title":"x","model":"phone"}"#, OPENAI));
        assert!(!calls(r#"{"prompt":"x"}"#, r#"{"id":"1","status":"new"}"#));
        assert!(calls(r#"{"prompt":"x"}"#, OPENAI));
    }
}
