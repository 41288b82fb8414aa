//! OpenAI `POST …/images/{generations,edits,variations}`, OpenRouter `POST …/images`.
//!
//! <https://platform.openai.com/docs/api-reference/images>,
//! <https://openrouter.ai/docs/client-sdks/typescript/sdks/images>. Only the newer models count tokens. The
//! image itself is never looked at.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::{Chunk, event_type, is_done},
    openai_path,
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, OutputType, RequestFacts},
        error_body::ErrorField,
        json::{Count, Filled, Flag, Object, Text, read},
    },
    stream::event::Event,
};

/// Images.
#[derive(Debug)]
pub(super) struct OpenAiImages;

impl Adapter for OpenAiImages {
    fn name(&self) -> &'static str {
        "openai.images"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "images", "generations" | "edits" | "variations"] => {}
            [.., "images"] if request.provider() == Some("openrouter") => {}
            _ => return None,
        }
        Some(openai_path::endpoint(request, Operation::ImageGeneration))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""prompt""#) || has_member(body, r#""image""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.prompt.0 || body.image.0,
            facts: RequestFacts {
                model: body.model.owned(),
                stream: body.stream.0,
                choice_count: body.n.0,
                output_type: Some(OutputType::Image),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read::<Images>(body).is_some_and(|images| {
            images.tell(answer);
            true
        })
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ImageStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt: Filled,
    image: Filled,
    stream: Flag,
    n: Count,
}

/// An answer, or the event that ends a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Images<'a> {
    usage: Object<OpenAiUsage>,
    #[serde(borrow)]
    error: ErrorField<'a>,
}

impl Images<'_> {
    fn tell(&self, answer: &mut Answer) {
        if let Some(usage) = &self.usage.0 {
            usage.tell(answer);
        }
        answer.fail(&self.error);
    }
}

#[derive(Debug)]
struct ImageStream;

impl StreamReader for ImageStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let kind = event_type(event).unwrap_or_default();
        if kind.ends_with(b".partial_image") {
            return Chunk::Output;
        }
        if is_done(event.data) {
            answer.ended = true;
        } else if let Some(images) = read::<Images<'_>>(event.data) {
            images.tell(answer);
        }
        if kind.ends_with(b".completed") {
            answer.ended = true;
            return Chunk::Output;
        }
        Chunk::Other
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    const POST: &str = "POST /v1/images/generations HTTP/1.1\nHost: api.openai.com";
    const BODY: &str = r#"{"model":"gpt-image-1","prompt":"canary","n":2,"size":"1024x1024"}"#;

    #[test]
    fn tokens_of_the_models_that_count_them() {
        let answer = r#"{"created":1,"data":[{"b64_json":"canary"}],
            "usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#;
        let answer = Answered("HTTP/1.1 200 OK\nContent-Type: application/json", answer);
        let span = span(&Asked(POST, BODY), &answer).expect("a call");
        assert_eq!(span.name, "image_generation gpt-image-1");
        for (name, value) in [
            ("gen_ai.output.type", Some("image")),
            ("gen_ai.request.choice.count", Some("2")),
            ("gen_ai.usage.input_tokens", Some("50")),
            ("gen_ai.usage.output_tokens", Some("50")),
            ("gen_ai.usage.cache_read.input_tokens", None),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
        assert!(!format!("{span:?}").contains("canary"));
    }

    #[test]
    fn the_shorter_path_is_that_of_one_provider() {
        let calls = |host: &str| {
            let post = format!("POST /api/v1/images HTTP/1.1\nHost: {host}");
            let answer = Answered("HTTP/1.1 200 OK", r#"{"data":[{"b64_json":"canary"}]}"#);
            span(&Asked(&post, BODY), &answer)
        };
        let span = calls("openrouter.ai").expect("a call");
        assert_eq!(span.name, "image_generation gpt-image-1");
        assert!(calls("photos.example").is_none());
    }

    #[test]
    fn a_stream_of_partial_images() {
        let body = "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"x\"}\n\n\
            event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"x\",\"usage\":{\"input_tokens\":7,\"output_tokens\":9,\"total_tokens\":16}}\n\n";
        let answer = Answered("HTTP/1.1 200 OK\nContent-Type: text/event-stream", body);
        let span = span(&Asked(POST, BODY), &answer).expect("a call");
        assert_eq!(
            text(&span, "gen_ai.usage.output_tokens").as_deref(),
            Some("9")
        );
        assert_eq!(
            text(&span, "llm_tracer.response.chunks").as_deref(),
            Some("2")
        );
    }
}
