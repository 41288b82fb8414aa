//! xAI's chat over gRPC, as its own client speaks it: messages of Protocol Buffers, each behind five
//! bytes, and a status in the trailers. <https://github.com/xai-org/xai-proto>

use anyhow::{Context as _, Result};
use hyper::{HeaderMap, header::HeaderValue};
use prost::Message as _;

use super::answer::Answer;

/// Trailer, or header where nothing else comes.
pub const STATUS: &str = "grpc-status";
/// Flag for "not compressed", and a length of four bytes.
const PREFIX_BYTES: usize = 5;
const ROLE_ASSISTANT: i32 = 2;
const REASON_STOP: i32 = 3;

#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(string, tag = "2")]
    model: String,
}

/// Of an answer in one piece; a piece of a stream has another number for its model.
#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, repeated, tag = "2")]
    outputs: Vec<Output>,
    #[prost(string, tag = "6")]
    model: String,
    #[prost(message, optional, tag = "9")]
    usage: Option<Usage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Output {
    #[prost(int32, tag = "1")]
    finish_reason: i32,
    #[prost(message, optional, tag = "3")]
    message: Option<Said>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Chunk {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, repeated, tag = "2")]
    outputs: Vec<Delta>,
    #[prost(string, tag = "4")]
    model: String,
    #[prost(message, optional, tag = "6")]
    usage: Option<Usage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Delta {
    #[prost(message, optional, tag = "1")]
    delta: Option<Said>,
    #[prost(int32, tag = "3")]
    finish_reason: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Said {
    #[prost(string, tag = "1")]
    content: String,
    #[prost(int32, tag = "2")]
    role: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Usage {
    #[prost(int32, tag = "1")]
    completion_tokens: i32,
    #[prost(int32, tag = "2")]
    prompt_tokens: i32,
}

/// The model that a request asks for.
///
/// # Errors
/// When the body is not one message of this API.
pub fn model(body: &[u8]) -> Result<String> {
    let message = body
        .get(PREFIX_BYTES..)
        .context("there is no gRPC message")?;
    let request = Request::decode(message).context("the message is no request")?;
    Ok(request.model)
}

/// Fills in the answer. A tracer sees nothing of what its messages say.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    let tokens = asked.tokens();
    let count = |tokens: Option<u64>| i32::try_from(tokens.unwrap_or_default()).unwrap_or(i32::MAX);
    let usage = Usage {
        completion_tokens: count(tokens.output),
        prompt_tokens: count(tokens.input),
    };
    let said = |text: String| {
        Some(Said {
            content: text,
            role: ROLE_ASSISTANT,
        })
    };
    if !asked.stream {
        let response = Response {
            id: answer.unique.to_owned(),
            outputs: vec![Output {
                finish_reason: REASON_STOP,
                message: said(answer.text(0).to_string()),
            }],
            model: asked.response_model(),
            usage: Some(usage),
        };
        return answer.frames.bytes(&framed(&response));
    }
    for chunk in 0..asked.options.chunks {
        let is_last = chunk + 1 == asked.options.chunks;
        let piece = Chunk {
            id: answer.unique.to_owned(),
            outputs: vec![Delta {
                delta: said(answer.text(chunk).to_string()),
                finish_reason: if is_last { REASON_STOP } else { 0 },
            }],
            model: asked.response_model(),
            usage: is_last.then(|| usage.clone()),
        };
        answer.frames.bytes(&framed(&piece));
    }
}

fn framed(message: &impl prost::Message) -> Vec<u8> {
    let length = u32::try_from(message.encoded_len()).unwrap_or(u32::MAX);
    let mut framed = vec![0];
    framed.extend(length.to_be_bytes());
    framed.extend(message.encode_to_vec());
    framed
}

/// What an answer that went well ends with.
pub fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(
        STATUS.parse().expect("a name"),
        HeaderValue::from_static("0"),
    )])
}

/// How gRPC tells what other APIs tell by a status of HTTP: number and name.
pub const fn status(http: u16) -> (u16, &'static str) {
    match http {
        400 => (3, "INVALID_ARGUMENT"),
        401 => (16, "UNAUTHENTICATED"),
        404 => (5, "NOT_FOUND"),
        429 => (8, "RESOURCE_EXHAUSTED"),
        _ => (13, "INTERNAL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_behind_its_prefix() {
        let request = Request {
            model: "grok-4".to_owned(),
        };
        assert_eq!(model(&framed(&request)).expect("a request"), "grok-4");
        assert!(model(b"\0\0").is_err());
        assert!(model(b"\0\0\0\0\x02\x12\x7f").is_err());
    }
}
