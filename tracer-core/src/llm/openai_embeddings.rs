//! OpenAI `POST …/embeddings`.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings>.

use serde::Deserialize;

use super::{
    answer::Answer,
    call::RequestFacts,
    error_body::ErrorField,
    json::{Count, Filled, Object, Text, Texts, read},
    openai_usage::OpenAiUsage,
    request::RequestRead,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
    dimensions: Count,
    encoding_format: Texts,
}

/// Reads a request body.
pub(super) fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let has_shape = body.input.0 && body.model.as_str().is_some();
    let facts = RequestFacts {
        model: body.model.owned(),
        embedding_dimensions: body.dimensions.0,
        encoding_formats: body.encoding_format.0,
        ..RequestFacts::default()
    };
    Some(RequestRead { facts, has_shape })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    usage: Object<OpenAiUsage>,
    error: ErrorField<'a>,
}

/// Reads an answer; `false` if it is not one.
pub(super) fn read_document(body: &[u8], answer: &mut Answer) -> bool {
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
    if document.error.is_present() {
        answer.error = Some(document.error.kind_or_unnamed());
    }
    true
}
