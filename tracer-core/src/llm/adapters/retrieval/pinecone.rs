//! Pinecone: `POST /query` and `POST /records/namespaces/{namespace}/search` on the host of an index.
//!
//! <https://docs.pinecone.io/reference/api>.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::llm::{
    adapters::{adapter::Certainty, request_line::RequestLine},
    json::{Filled, Length, Number, Object, read},
};

/// Pinecone.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Pinecone;

impl Store for Pinecone {
    const NAME: &'static str = "pinecone.query";
    const FLAVOUR: &'static str = "pinecone";
    const MEMBER: &'static str = r#""topK""#;
    const CERTAINTY: Certainty = Certainty::OnKnownHost;

    fn is_query(request: &RequestLine<'_>) -> bool {
        // Much else has a path `/query`.
        let is_pinecone = request.provider() == Some(Self::FLAVOUR)
            || request.header("x-pinecone-api-version").is_some();
        is_pinecone
            && matches!(
                request.post(),
                Some(["query"] | ["records", "namespaces", _, "search"])
            )
    }

    /// The index is the first label of the host: `{index}-{project}.svc.{region}.pinecone.io`.
    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body>(body)?;
        let records = body.query.0.unwrap_or_default();
        let host = request.host().map(|host| host.name.as_str());
        Some(Query {
            source: host
                .and_then(|name| name.split('.').next())
                .map(str::to_owned),
            top_k: body.top_k.0.or(records.top_k.0),
            has_shape: body.vector.0
                || body.id.0
                || body.sparse_vector.0
                || records.top_k.0.is_some(),
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        let answer = read::<Answer>(body)?;
        let hits = answer.result.0.and_then(|result| result.hits.0);
        Some(Found::documents(answer.matches.0.or(hits)))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    top_k: Number,
    vector: Filled,
    sparse_vector: Filled,
    id: Filled,
    query: Object<Records>,
}

/// A search by text in an index that embeds it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Records {
    top_k: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    matches: Length,
    result: Object<Hits>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hits {
    hits: Length,
}
