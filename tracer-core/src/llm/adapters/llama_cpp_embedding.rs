//! llama.cpp's own `POST /embedding`.
//!
//! <https://github.com/ggml-org/llama.cpp/tree/master/tools/server>. The answer is a list of vectors
//! with their places; older servers answered with the first alone. Neither model nor tokens are told.
//! Much else is said to have content: the answer tells, or the server's name in it.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead},
    llama_cpp_completion::is_its_server,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::Operation,
    error_body::{self, ErrorField},
    json::{Filled, List, Object, read},
};

/// Embeddings.
#[derive(Debug)]
pub(super) struct LlamaCppEmbedding;

impl Adapter for LlamaCppEmbedding {
    fn name(&self) -> &'static str {
        "llama_cpp.embedding"
    }

    fn flavour(&self) -> &'static str {
        "llama_cpp"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "embedding"] => {
                Some(Endpoint::new(Operation::Embeddings).with_certainty(Certainty::NeedsShape))
            }
            _ => None,
        }
    }

    /// Only the answer tells.
    fn seems(&self, _: &[u8]) -> bool {
        false
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request>(body)?;
        Some(RequestRead {
            may_be: body.content.0 || body.input.0,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        answer.is_telling |= is_its_server(context);
        if body.trim_ascii_start().starts_with(b"[") {
            let Some(list) = read::<List<Object<Embedded<'_>>>>(body) else {
                return false;
            };
            let first = list.0.first().and_then(|first| first.0.as_ref());
            answer.is_telling |= first.is_some_and(|first| first.embedding.0);
            return true;
        }
        let Some(one) = read::<Embedded<'_>>(body) else {
            return false;
        };
        answer.fail(&one.error);
        answer.is_telling |= one.embedding.0;
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.is_telling |= is_its_server(context);
        answer.error = error_body::error_type(body);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    content: Filled,
    input: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Embedded<'a> {
    embedding: Filled,
    #[serde(borrow)]
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn vectors_tell() {
        let post = "POST /embedding HTTP/1.1\nHost: models.example:8080";
        let call = |body, answer| span(&Asked(post, body), &Answered("HTTP/1.1 200 OK", answer));
        let asked = r#"{"content":"canary"}"#;
        for answer in [
            r#"[{"index":0,"embedding":[[0.5,-0.5]]}]"#,
            r#"{"embedding":[0.5,-0.5]}"#,
        ] {
            let span = call(asked, answer).expect("a call");
            assert_eq!(span.name, "embeddings");
            let provider = text(&span, "gen_ai.provider.name");
            assert_eq!(provider.as_deref(), Some("llama_cpp"));
            assert_eq!(text(&span, "gen_ai.usage.input_tokens"), None);
            assert!(!format!("{span:?}").contains("canary"));
        }
        assert!(call(asked, r#"{"html":"<iframe>"}"#).is_none());
        assert!(call(r#"{"video":"x"}"#, r#"{"embedding":"x"}"#).is_none());
    }
}
