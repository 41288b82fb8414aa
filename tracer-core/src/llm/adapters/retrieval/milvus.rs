//! Milvus and Zilliz: `POST /v2/vectordb/entities/{search,hybrid_search}`, and `/v1/vector/search`.
//!
//! <https://milvus.io/api-reference/restful/v2.6.x/v2/Vector%20(v2)/Search.md>. A failure comes with
//! status 200 and a `code` other than 0.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::llm::{
    adapters::{adapter::Certainty, request_line::RequestLine},
    json::{Filled, Integer, Length, Number, Text, read},
};

/// Milvus.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Milvus;

impl Store for Milvus {
    const NAME: &'static str = "milvus.search";
    const FLAVOUR: &'static str = "milvus";
    const MEMBER: &'static str = r#""collectionName""#;
    const CERTAINTY: Certainty = Certainty::NeedsShape;

    fn is_query(request: &RequestLine<'_>) -> bool {
        matches!(
            request.post(),
            Some(
                [
                    ..,
                    "v2",
                    "vectordb",
                    "entities",
                    "search" | "hybrid_search" | "advanced_search"
                ] | [.., "v1", "vector", "search"]
            )
        )
    }

    fn query(_: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body<'_>>(body)?;
        let source = body.collection_name.owned();
        Some(Query {
            has_shape: source.is_some() && (body.data.0 || body.vector.0 || body.search.0),
            source,
            top_k: body.limit.0,
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        let answer = read::<Answer>(body)?;
        // Old servers answer 200 to a success.
        let error = answer.code.0.filter(|code| !matches!(code, 0 | 200));
        Some(Found {
            documents: answer.data.0,
            error: error.map(|code| code.to_string()),
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    collection_name: Text<'a>,
    limit: Number,
    data: Filled,
    vector: Filled,
    search: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    code: Integer,
    data: Length,
}
