//! What a prediction of Replicate says while it runs: `GET` of an address that the prediction named.
//!
//! <https://replicate.com/docs/topics/predictions/streaming>. Events are `output`, `error` and `done`;
//! none of them names the model or counts.

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
    },
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    llm::{answer::Answer, call::Operation, error_body::UNNAMED},
    stream::event::Event,
};

/// The stream of a prediction.
#[derive(Debug)]
pub(super) struct ReplicateStream;

impl Adapter for ReplicateStream {
    fn name(&self) -> &'static str {
        "replicate.stream"
    }

    fn flavour(&self) -> &'static str {
        "replicate"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let of_replicate = request.provider() == Some("replicate") && request.method() == "GET";
        match request.path() {
            [.., "streams" | "files", _] if of_replicate && is_of_streams(request) => Some(
                Endpoint::new(Operation::GenerateContent)
                    .with_stream(true)
                    .with_certainty(Certainty::Sure),
            ),
            _ => None,
        }
    }

    fn seems(&self, _: &[u8]) -> bool {
        false
    }

    fn read_request(&self, _: &RequestContext<'_>, _: &[u8]) -> Option<RequestRead> {
        None
    }

    fn read_document(&self, _: &AnswerContext<'_>, _: &[u8], _: &mut Answer) -> bool {
        true
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Outputs)
    }
}

/// The host is not that of the API.
fn is_of_streams(request: &RequestLine<'_>) -> bool {
    request
        .host()
        .is_some_and(|host| host.name.starts_with("stream"))
}

/// Reads the events.
#[derive(Debug)]
struct Outputs;

impl StreamReader for Outputs {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        match event.event {
            b"output" => return Chunk::Output,
            b"error" => answer.error = Some(UNNAMED.to_owned()),
            b"done" => answer.ended = true,
            _ => {}
        }
        Chunk::Other
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn outputs_until_it_is_done() {
        let seen = support::events(
            &ReplicateStream,
            &[("output", "Once"), ("output", " upon"), ("done", "{}")],
        );
        assert_eq!((seen.outputs, seen.ended), (2, true));
        let seen = support::events(&ReplicateStream, &[("error", r#"{"detail":"m"}"#)]);
        assert_eq!(seen.error.as_deref(), Some("error"));
    }
}
