//! Azure AI Search: `POST /indexes/{name}/docs/search` with a vector or a semantic query.
//!
//! <https://learn.microsoft.com/rest/api/searchservice/documents/search-post>.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::{
    http::percent::percent_decoded,
    llm::{
        adapters::{adapter::Certainty, request_line::RequestLine},
        json::{Filled, Length, List, Number, Object, Text, read},
    },
};

/// Azure AI Search.
#[derive(Debug)]
pub(in crate::llm::adapters) struct AzureSearch;

impl Store for AzureSearch {
    const NAME: &'static str = "azure.search";
    const FLAVOUR: &'static str = "azure.ai.search";
    const MEMBER: &'static str = r#""vectorQueries""#;
    // A search by words alone is no retrieval for a model.
    const CERTAINTY: Certainty = Certainty::NeedsShape;

    fn is_query(request: &RequestLine<'_>) -> bool {
        index(request).is_some()
    }

    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body<'_>>(body)?;
        let by_vector = body
            .vector_queries
            .0
            .iter()
            .find_map(|query| query.0.as_ref());
        Some(Query {
            source: index(request).map(percent_decoded),
            top_k: body.top.0.or_else(|| by_vector.and_then(|query| query.k.0)),
            has_shape: by_vector.is_some()
                || body.vectors.0
                || body.query_type.as_str() == Some("semantic"),
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        Some(Found::documents(read::<Answer>(body)?.value.0))
    }
}

/// `/indexes/{name}/docs/search`, `/indexes('{name}')/docs/search.post.search` and the like.
fn index<'a>(request: &RequestLine<'a>) -> Option<&'a str> {
    match request.post()? {
        [.., "indexes", name, "docs", "search" | "search.post.search"] => Some(name),
        [.., indexes, "docs", "search" | "search.post.search"] => {
            indexes.strip_prefix("indexes('")?.strip_suffix("')")
        }
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body<'a> {
    top: Number,
    vector_queries: List<Object<VectorQuery>>,
    /// Of a preview version.
    vectors: Filled,
    #[serde(borrow)]
    query_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VectorQuery {
    k: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    value: Length,
}
