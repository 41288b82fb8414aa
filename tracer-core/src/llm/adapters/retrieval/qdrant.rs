//! Qdrant: `POST /collections/{name}/points/{query,search,recommend,discover}`, alone, grouped or in
//! batches.
//!
//! <https://api.qdrant.tech/>.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::{
    http::percent::percent_decoded,
    llm::{
        adapters::{adapter::Certainty, request_line::RequestLine},
        json::{Filled, Length, Lenient, List, Number, Object, lenient, read},
    },
};

/// Qdrant.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Qdrant;

impl Store for Qdrant {
    const NAME: &'static str = "qdrant.points";
    const FLAVOUR: &'static str = "qdrant";
    const MEMBER: &'static str = r#""limit""#;
    const CERTAINTY: Certainty = Certainty::NeedsShape;

    fn is_query(request: &RequestLine<'_>) -> bool {
        collection(request).is_some()
    }

    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Search>(body)?;
        let of_batch = body.searches.0.iter().find_map(|search| search.0.as_ref());
        let search = of_batch.unwrap_or(&body);
        Some(Query {
            source: collection(request).map(percent_decoded),
            top_k: search.limit.0,
            has_shape: search.asks(),
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        Some(Found::documents(read::<Answer>(body)?.result.0))
    }
}

fn collection<'a>(request: &RequestLine<'a>) -> Option<&'a str> {
    match request.post()? {
        [
            ..,
            "collections",
            name,
            "points",
            "query" | "search" | "recommend" | "discover",
        ]
        | [
            ..,
            "collections",
            name,
            "points",
            "query" | "search" | "recommend" | "discover",
            "batch" | "groups",
        ] => Some(name),
        _ => None,
    }
}

/// One search, or a batch of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    searches: List<Object<Search>>,
    limit: Number,
    vector: Filled,
    query: Filled,
    positive: Filled,
    target: Filled,
    prefetch: Filled,
}

impl Search {
    fn asks(&self) -> bool {
        let what = [
            self.vector,
            self.query,
            self.positive,
            self.target,
            self.prefetch,
        ];
        what.iter().any(|member| member.0) || self.limit.0.is_some()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    result: Points,
}

/// `[…]`, `{"points": […]}` or `{"groups": […]}`.
#[derive(Debug, Default)]
struct Points(Option<u64>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    points: Length,
    groups: Length,
}

impl<'de> Lenient<'de> for Points {
    fn list<A: serde::de::SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Length::list(list).map(|length| Self(length.0))
    }

    fn map<A: serde::de::MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let named = Named::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(Self(named.points.0.or(named.groups.0)))
    }
}

lenient!(Points);
