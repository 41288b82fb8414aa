//! text-generation-inference at other places: `POST /`, and `POST …/invocations` as SageMaker has it.
//!
//! <https://huggingface.github.io/text-generation-inference>. The bodies are those of
//! [`/generate`](super::tgi_generate), at the second place chat completions as well. Anything else
//! may answer at either, so the answer must tell. Bias: what is served at `/` is left alone, since
//! servers of anything else have no other path; wrong costs the served side of such a model.

use memchr::memmem;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::Chunk,
    openai_chat::OpenAiChat,
    request_line::RequestLine,
    tgi_generate::TgiGenerate,
};
use crate::{
    llm::{answer::Answer, call::Operation},
    stream::event::Event,
};

/// What every answer with chat completions has, and every piece of one.
const CHOICES: &str = r#""choices""#;

/// Another place.
#[derive(Debug)]
pub(super) struct TgiCompatible {
    name: &'static str,
    is_place: fn(&RequestLine<'_>) -> bool,
    reads_served: bool,
}

/// The root of a host that nobody knows: of one that is known, its other paths count.
pub(super) static TGI_ROOT: TgiCompatible = TgiCompatible {
    name: "tgi.root",
    is_place: |request| request.path().is_empty() && request.provider().is_none(),
    reads_served: false,
};

/// Models in containers of SageMaker.
pub(super) static TGI_INVOCATIONS: TgiCompatible = TgiCompatible {
    name: "tgi.invocations",
    is_place: |request| request.path().last() == Some(&"invocations"),
    reads_served: true,
};

impl Adapter for TgiCompatible {
    fn name(&self) -> &'static str {
        self.name
    }

    fn flavour(&self) -> &'static str {
        "hugging_face"
    }

    fn reads_served(&self) -> bool {
        self.reads_served
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        request.post()?;
        // Services of AWS and of XML have types of their own at the root.
        let may_be_json = request
            .header("content-type")
            .is_none_or(|kind| kind.starts_with("application/json"));
        ((self.is_place)(request) && may_be_json)
            .then(|| Endpoint::new(Operation::TextCompletion).with_certainty(Certainty::NeedsShape))
    }

    /// Too many have this member.
    fn seems(&self, _: &[u8]) -> bool {
        false
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let read = TgiGenerate.read_request(context, body)?;
        if read.has_shape {
            return Some(RequestRead {
                has_shape: false,
                may_be: true,
                ..read
            });
        }
        let read = OpenAiChat.read_request(context, body)?;
        let may_be = self.reads_served && has_member(body, r#""messages""#);
        Some(RequestRead {
            has_shape: false,
            may_be,
            operation: Some(Operation::Chat),
            ..read
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        if context.endpoint.operation != Operation::Chat {
            return TgiGenerate.read_document(context, body, answer);
        }
        answer.is_telling |= has_member(body, CHOICES);
        OpenAiChat.read_document(context, body, answer)
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        if context.endpoint.operation != Operation::Chat {
            return TgiGenerate.stream(context);
        }
        Box::new(Choices(OpenAiChat.stream(context)))
    }
}

/// Reads a stream of chat completions, and whether it is one.
#[derive(Debug)]
struct Choices(Box<dyn StreamReader>);

impl StreamReader for Choices {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if !answer.is_telling {
            answer.is_telling = memmem::find(event.data, CHOICES.as_bytes()).is_some();
        }
        self.0.event(event, answer)
    }

    fn gap(&mut self, answer: &mut Answer) {
        self.0.gap(answer);
    }

    fn finish(&mut self, answer: &mut Answer) {
        self.0.finish(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};
    use crate::semconv::Span;

    const OK: &str = "HTTP/1.1 200 OK\nContent-Type: application/json";
    const EVENTS: &str = "HTTP/1.1 200 OK\nContent-Type: text/event-stream";
    const PROMPT: &str = r#"{"inputs":"canary","parameters":{"max_new_tokens":20}}"#;
    const MESSAGES: &str = r#"{"messages":[{"role":"user","content":"canary"}]}"#;

    fn call(path: &str, body: &str, status: &str, answer: &str) -> Option<Span> {
        let post =
            format!("POST {path} HTTP/1.1\nHost: models.example\nContent-Type: application/json");
        let span = span(&Asked(&post, body), &Answered(status, answer))?;
        assert!(!format!("{span:?}").contains("canary"));
        Some(span)
    }

    #[test]
    fn generated_texts_at_both_places() {
        let whole = r#"[{"generated_text":"x","details":{"finish_reason":"length",
            "generated_tokens":20}}]"#;
        let stream = "data: {\"token\":{\"id\":1,\"text\":\"x\"},\"generated_text\":\"x\",\
            \"details\":{\"finish_reason\":\"length\",\"generated_tokens\":20,\"input_length\":3}}\n\n";
        for path in ["/", "/invocations"] {
            for (status, answer) in [(OK, whole), (EVENTS, stream)] {
                let span = call(path, PROMPT, status, answer).expect("a call");
                assert_eq!(span.name, "text_completion");
                for (name, value) in [
                    ("gen_ai.provider.name", "hugging_face"),
                    ("gen_ai.request.max_tokens", "20"),
                    ("gen_ai.usage.output_tokens", "20"),
                ] {
                    assert_eq!(text(&span, name).as_deref(), Some(value), "{name}");
                }
            }
        }
    }

    #[test]
    fn chats_in_containers() {
        let whole = r#"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":4,"completion_tokens":2}}"#;
        let span = call("/invocations", MESSAGES, OK, whole).expect("a call");
        assert_eq!(span.name, "chat");
        let output = text(&span, "gen_ai.usage.output_tokens");
        assert_eq!(output.as_deref(), Some("2"));
        let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
        assert!(call("/invocations", MESSAGES, EVENTS, stream).is_some());
        assert!(call("/", MESSAGES, OK, whole).is_none());
    }

    #[test]
    fn anything_else_answers_there() {
        for (path, body, answer) in [
            ("/", PROMPT, r#"[{"label":"POSITIVE","score":0.9}]"#),
            ("/", PROMPT, r#"{"error":"not found"}"#),
            ("/invocations", PROMPT, r#"{"predictions":[1]}"#),
            ("/invocations", MESSAGES, r#"{"output":"x"}"#),
            (
                "/",
                r#"{"jsonrpc":"2.0","id":1,"method":"eth_call"}"#,
                r#"{"jsonrpc":"2.0","id":1,"result":"0x"}"#,
            ),
        ] {
            assert!(call(path, body, OK, answer).is_none(), "{path} {answer}");
        }
    }
}
