//! Batches of requests that are handed in to be run later.
//!
//! OpenAI `POST …/v1/batches` and Anthropic `POST …/v1/messages/batches`. What a batch will use is
//! not known when it is handed in, and what it used is told of all its requests at once, by another
//! call: no tokens are reported.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::Operation,
    error_body::ErrorField,
    json::{Filled, Text, read},
};

/// Batches whose requests stand in a file.
#[derive(Debug)]
pub(super) struct OpenAiBatches;

impl Adapter for OpenAiBatches {
    fn name(&self) -> &'static str {
        "openai.batches"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "batches"] => {
                Some(Endpoint::new(Operation::Batch).with_certainty(Certainty::NeedsShape))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input_file_id""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        Some(RequestRead {
            has_shape: body.input_file_id.0,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read_batch(body, answer)
    }
}

/// Batches whose requests stand in the body.
#[derive(Debug)]
pub(super) struct AnthropicBatches;

impl Adapter for AnthropicBatches {
    fn name(&self) -> &'static str {
        "anthropic.batches"
    }

    fn flavour(&self) -> &'static str {
        "anthropic"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "messages", "batches"] => Some(Endpoint::new(Operation::Batch)),
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""requests""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        Some(RequestRead {
            has_shape: body.requests.0,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read_batch(body, answer)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    input_file_id: Filled,
    requests: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Batch<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    error: ErrorField<'a>,
}

fn read_batch(body: &[u8], answer: &mut Answer) -> bool {
    let Some(batch) = read::<Batch<'_>>(body) else {
        return false;
    };
    answer.identify(batch.id.as_str(), None);
    answer.fail(&batch.error);
    true
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn a_batch_uses_nothing_yet() {
        for (post, body, answer) in [
            (
                "POST /v1/batches HTTP/1.1\nHost: api.openai.com",
                r#"{"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h"}"#,
                r#"{"id":"batch_1","object":"batch","usage":{"input_tokens":0,"output_tokens":0}}"#,
            ),
            (
                "POST /v1/messages/batches HTTP/1.1\nHost: api.anthropic.com",
                r#"{"requests":[{"custom_id":"a","params":{"model":"m","messages":[]}}]}"#,
                r#"{"id":"batch_1","type":"message_batch","processing_status":"in_progress"}"#,
            ),
        ] {
            let span = span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer));
            let span = span.expect("a call");
            assert_eq!(span.name, "batch");
            assert_eq!(
                text(&span, "gen_ai.response.id").as_deref(),
                Some("batch_1")
            );
            assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None);
        }
        let other = Asked("POST /batches HTTP/1.1\nHost: shop", r#"{"items":[1]}"#);
        assert!(span(&other, &Answered("HTTP/1.1 200 OK", "{}")).is_none());
    }
}
