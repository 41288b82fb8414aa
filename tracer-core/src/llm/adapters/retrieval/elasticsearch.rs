//! Elasticsearch and OpenSearch: `POST /{index}/_search` that asks for nearest neighbours.
//!
//! <https://www.elastic.co/docs/solutions/search/vector/knn>,
//! <https://docs.opensearch.org/latest/vector-search/>. Most searches have nothing to do with models:
//! only those with one of [`MARKS`] count.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::{
    http::percent::percent_decoded,
    llm::{
        adapters::{adapter::Certainty, request_line::RequestLine},
        json::{Length, Number, Object, read},
    },
};

/// Members that ask a model or a vector. A name with both of its quotes cannot stand in a string.
static MARKS: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
    [
        r#""knn""#,
        r#""neural""#,
        r#""semantic""#,
        r#""sparse_vector""#,
        r#""text_expansion""#,
    ]
    .map(Finder::new)
});

/// Elasticsearch and OpenSearch.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Elasticsearch;

impl Store for Elasticsearch {
    const NAME: &'static str = "elasticsearch.search";
    const FLAVOUR: &'static str = "elasticsearch";
    const MEMBER: &'static str = r#""knn""#;
    const CERTAINTY: Certainty = Certainty::NeedsShape;

    fn is_query(request: &RequestLine<'_>) -> bool {
        index(request).is_some()
    }

    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let has_shape = MARKS.iter().any(|mark| mark.find(body).is_some());
        let body = read::<Body>(body)?;
        let knn = body.knn.0.unwrap_or_default();
        Some(Query {
            source: index(request).map(percent_decoded),
            top_k: knn.k.0.or(body.size.0),
            has_shape,
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        let answer = read::<Answer>(body)?;
        Some(Found::documents(answer.hits.0.and_then(|hits| hits.hits.0)))
    }
}

fn index<'a>(request: &RequestLine<'a>) -> Option<&'a str> {
    match (request.method(), request.path()) {
        ("POST" | "GET", [.., index, "_search"]) => Some(index),
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    knn: Object<Knn>,
    size: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Knn {
    k: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    hits: Object<Hits>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hits {
    hits: Length,
}
