//! Perplexity: `POST /search`, the web as a store.
//!
//! <https://docs.perplexity.ai/docs/search/overview>. No model writes an answer, and no tokens count.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::llm::{
    adapters::{adapter::Certainty, request_line::RequestLine},
    json::{Filled, Length, Number, read},
};

/// The search of Perplexity. Others have the path, too: only its own host counts.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Perplexity;

impl Store for Perplexity {
    const NAME: &'static str = "perplexity.search";
    const FLAVOUR: &'static str = "perplexity";
    const MEMBER: &'static str = r#""query""#;
    const CERTAINTY: Certainty = Certainty::OnKnownHost;

    fn is_query(request: &RequestLine<'_>) -> bool {
        matches!(request.post(), Some([.., "search"])) && request.provider() == Some("perplexity")
    }

    fn query(_: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body>(body)?;
        Some(Query {
            source: None,
            top_k: body.max_results.0,
            has_shape: body.query.0,
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        Some(Found::documents(read::<Answer>(body)?.results.0))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    /// One, or a list.
    query: Filled,
    max_results: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    results: Length,
}
