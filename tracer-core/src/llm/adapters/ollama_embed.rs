//! Ollama `POST /api/embed` and the older `/api/embeddings`.
//!
//! <https://docs.ollama.com/api/embed>. The older one counts no tokens. Open `WebUI` has the older
//! path with OpenAI's format, which is read as well.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Count, Filled, Object, Text, read},
    usage::Usage,
};

/// Embeddings.
#[derive(Debug)]
pub(super) struct OllamaEmbed;

impl Adapter for OllamaEmbed {
    fn name(&self) -> &'static str {
        "ollama.embed"
    }

    fn flavour(&self) -> &'static str {
        "ollama"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let of_ollama = request.provider() == Some("ollama");
        match request.post()? {
            [.., "api", "embed"] => {}
            [.., "api", "embeddings"] if of_ollama => {}
            ["api", "embeddings"] if request.provider().is_none() => {}
            _ => return None,
        }
        let certainty = if of_ollama {
            Certainty::Sure
        } else {
            Certainty::NeedsShape
        };
        Some(Endpoint::new(Operation::Embeddings).with_certainty(certainty))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""model""#)
            && (has_member(body, r#""input""#) || has_member(body, r#""prompt""#))
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        Some(RequestRead {
            has_shape: body.model.as_str().is_some() && (body.input.0 || body.prompt.0),
            facts: RequestFacts {
                model: body.model.owned(),
                embedding_dimensions: body.dimensions.0,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        answer.identify(None, document.model.as_str());
        let of_openai = || document.usage.0.as_ref()?.normalise_input_only()?.input;
        answer.usage = Usage {
            input: document.prompt_eval_count.0.or_else(of_openai),
            ..Usage::default()
        };
        answer.fail(&document.error);
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
    prompt: Filled,
    dimensions: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt_eval_count: Count,
    usage: Object<OpenAiUsage>,
    error: ErrorField<'a>,
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn both_paths_and_what_they_count() {
        let read = support::request(&OllamaEmbed, "/api/embed", r#"{"model":"m","input":["a"]}"#);
        assert!(read.has_shape);
        let seen = support::document(
            &OllamaEmbed,
            r#"{"model":"m","embeddings":[[0.5]],"prompt_eval_count":4}"#,
        );
        assert_eq!(seen.tokens(), (Some(4), None));
        let seen = support::document(&OllamaEmbed, r#"{"embedding":[0.5,-1.25]}"#);
        assert_eq!(seen.tokens(), (None, None));
    }

    #[test]
    fn the_older_path_is_shared() {
        let is = |provider, path| support::endpoint(&OllamaEmbed, provider, path).is_some();
        assert!(is("ollama", "/api/embeddings"));
        assert!(is("", "/api/embeddings"));
        assert!(!is("openrouter", "/api/embeddings"));
        assert!(!is("", "/service/api/embeddings"));
    }
}
