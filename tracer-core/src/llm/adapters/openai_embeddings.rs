//! OpenAI `POST …/embeddings`.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings>.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    openai_path,
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Count, Filled, Object, Text, Texts, read},
};

/// Embeddings.
#[derive(Debug)]
pub(super) struct OpenAiEmbeddings;

impl Adapter for OpenAiEmbeddings {
    fn name(&self) -> &'static str {
        "openai.embeddings"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let [.., "embeddings"] = request.post()? else {
            return None;
        };
        Some(openai_path::endpoint(request, Operation::Embeddings))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read_document(body, answer)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
    dimensions: Count,
    encoding_format: Texts,
}

fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    // Servers of one model do not ask for its name.
    let has_shape = body.input.0;
    let facts = RequestFacts {
        model: body.model.owned(),
        embedding_dimensions: body.dimensions.0,
        encoding_formats: body.encoding_format.0,
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape,
        ..RequestRead::default()
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    usage: Object<OpenAiUsage>,
    error: ErrorField<'a>,
}

fn read_document(body: &[u8], answer: &mut Answer) -> bool {
    let Some(document) = read::<Document<'_>>(body) else {
        return false;
    };
    answer.identify(None, document.model.as_str());
    if let Some(usage) = document
        .usage
        .0
        .as_ref()
        .and_then(OpenAiUsage::normalise_input_only)
    {
        answer.usage = usage;
    }
    answer.fail(&document.error);
    true
}
