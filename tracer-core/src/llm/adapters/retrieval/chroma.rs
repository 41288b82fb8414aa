//! Chroma: `POST …/collections/{id}/query`, below `/api/v1` or a tenant and database of `/api/v2`.
//!
//! <https://docs.trychroma.com/reference>.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::{
    http::percent::percent_decoded,
    llm::{
        adapters::{adapter::Certainty, request_line::RequestLine},
        json::{Filled, Length, List, Number, read},
    },
};

/// Chroma.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Chroma;

impl Store for Chroma {
    const NAME: &'static str = "chroma.query";
    const FLAVOUR: &'static str = "chroma";
    const MEMBER: &'static str = r#""query_embeddings""#;
    const CERTAINTY: Certainty = Certainty::NeedsShape;

    fn is_query(request: &RequestLine<'_>) -> bool {
        collection(request).is_some()
    }

    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body>(body)?;
        Some(Query {
            source: collection(request).map(percent_decoded),
            top_k: body.n_results.0,
            has_shape: body.query_embeddings.0 || body.query_texts.0,
        })
    }

    /// One list of ids for each query.
    fn found(body: &[u8]) -> Option<Found> {
        let lists = read::<Answer>(body)?.ids.0;
        let sum = lists.iter().filter_map(|ids| ids.0).sum();
        Some(Found::documents((!lists.is_empty()).then_some(sum)))
    }
}

fn collection<'a>(request: &RequestLine<'a>) -> Option<&'a str> {
    match request.post()? {
        [.., "collections", id, "query"] => Some(id),
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    n_results: Number,
    query_embeddings: Filled,
    query_texts: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    ids: List<Length>,
}
