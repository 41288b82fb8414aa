//! Bedrock `POST /model/{modelId}/invoke-with-bidirectional-stream`: speech that goes both ways at once,
//! over HTTP/2.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithBidirectionalStream.html>.
//! Both sides send frames of a session that lasts as long as the stream. They are not decoded, and the
//! call is reported as undecodable with what its head, its status, its exceptions and its end tell.

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
    },
    bedrock_error,
    bedrock_path::model_action,
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    llm::{answer::Answer, call::Operation},
    stream::event::Event,
};

/// Sessions.
#[derive(Debug)]
pub(super) struct BedrockBidirectional;

impl Adapter for BedrockBidirectional {
    fn name(&self) -> &'static str {
        "bedrock.bidirectional"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let (model, action) = model_action(request)?;
        (action == "invoke-with-bidirectional-stream").then(|| {
            Endpoint::new(Operation::GenerateContent)
                .with_model(Some(model))
                .with_stream(true)
                .with_certainty(Certainty::Sure)
        })
    }

    fn seems(&self, _: &[u8]) -> bool {
        false
    }

    fn read_request(&self, _: &RequestContext<'_>, _: &[u8]) -> Option<RequestRead> {
        None
    }

    fn read_document(&self, _: &AnswerContext<'_>, _: &[u8], _: &mut Answer) -> bool {
        false
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Exceptions)
    }
}

/// Looks at nothing but exceptions.
#[derive(Debug)]
struct Exceptions;

impl StreamReader for Exceptions {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        bedrock_error::take_exception(event, answer);
        Chunk::Other
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{self as support, Answered, Asked, span, text},
        *,
    };

    #[test]
    fn what_is_not_decoded_is_said() {
        let post = "POST /model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream HTTP/1.1\n\
                    Host: bedrock-runtime.us-east-1.amazonaws.com\n\
                    Content-Type: application/vnd.amazon.eventstream";
        let answer = Answered(
            "HTTP/1.1 200 OK\nContent-Type: application/vnd.amazon.eventstream",
            "",
        );
        let span = span(&Asked(post, "frames"), &answer).expect("a call");
        assert_eq!(span.name, "generate_content amazon.nova-sonic-v1:0");
        for (name, value) in [
            ("llm_tracer.capture_state", Some("undecodable")),
            ("http.response.status_code", Some("200")),
            ("gen_ai.usage.input_tokens", None),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn an_exception_ends_it() {
        let seen = support::events(
            &BedrockBidirectional,
            &[
                ("chunk", r#"{"bytes":"e30="}"#),
                ("modelTimeoutException", r#"{"message":"x"}"#),
            ],
        );
        assert_eq!(seen.error.as_deref(), Some("modelTimeoutException"));
        assert_eq!(seen.outputs, 0);
    }
}
