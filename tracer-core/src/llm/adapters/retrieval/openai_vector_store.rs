//! OpenAI: `POST …/vector_stores/{id}/search`.
//!
//! <https://platform.openai.com/docs/api-reference/vector-stores/search>.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::{
    http::percent::percent_decoded,
    llm::{
        adapters::{adapter::Certainty, request_line::RequestLine},
        json::{Filled, Length, Number, read},
    },
};

/// Vector stores of OpenAI and everyone compatible.
#[derive(Debug)]
pub(in crate::llm::adapters) struct OpenAiVectorStore;

impl Store for OpenAiVectorStore {
    const NAME: &'static str = "openai.vector_store_search";
    const FLAVOUR: &'static str = "openai";
    const MEMBER: &'static str = r#""query""#;
    const CERTAINTY: Certainty = Certainty::OnKnownHost;

    fn is_query(request: &RequestLine<'_>) -> bool {
        store(request).is_some()
    }

    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body>(body)?;
        Some(Query {
            source: store(request).map(percent_decoded),
            top_k: body.max_num_results.0,
            has_shape: body.query.0,
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        Some(Found::documents(read::<Answer>(body)?.data.0))
    }
}

fn store<'a>(request: &RequestLine<'a>) -> Option<&'a str> {
    match request.post()? {
        [.., "vector_stores", id, "search"] => Some(id),
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    query: Filled,
    max_num_results: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    data: Length,
}
