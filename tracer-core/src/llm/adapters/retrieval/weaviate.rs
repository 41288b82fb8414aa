//! Weaviate: `POST /v1/graphql` with a `Get` by vector, by text or hybrid.
//!
//! <https://docs.weaviate.io/weaviate/api/graphql/search-operators>. The query is a program in one
//! string; only the name of its class and its limit are looked for, not its syntax. Newer clients
//! speak gRPC, which is not decoded.

use serde::Deserialize;

use super::store::{Found, Query, Store};
use crate::llm::{
    adapters::{adapter::Certainty, request_line::RequestLine},
    json::{Filled, Length, Lenient, Object, Text, lenient, read},
};

/// Operators that search by nearness.
const OPERATORS: [&str; 7] = [
    "nearVector",
    "nearText",
    "nearObject",
    "nearImage",
    "hybrid",
    "bm25",
    "ask",
];

/// Weaviate.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Weaviate;

impl Store for Weaviate {
    const NAME: &'static str = "weaviate.graphql";
    const FLAVOUR: &'static str = "weaviate";
    const MEMBER: &'static str = r#""query""#;
    const CERTAINTY: Certainty = Certainty::NeedsShape;

    fn is_query(request: &RequestLine<'_>) -> bool {
        matches!(request.post(), Some([.., "v1", "graphql"]))
    }

    fn query(_: &RequestLine<'_>, body: &[u8]) -> Option<Query> {
        let body = read::<Body<'_>>(body)?;
        let program = body.query.as_str().unwrap_or_default();
        let class = class(program);
        let near = OPERATORS
            .iter()
            .any(|operator| argument(program, operator).is_some());
        Some(Query {
            has_shape: class.is_some() && near,
            source: class.map(str::to_owned),
            top_k: argument(program, "limit").and_then(number),
        })
    }

    fn found(body: &[u8]) -> Option<Found> {
        let answer = read::<Answer>(body)?;
        let get = answer.data.0.and_then(|data| data.get.0);
        let error = answer.errors.0.then(|| "graphql_error".to_owned());
        Some(Found {
            documents: get.map(|classes| classes.0),
            error,
        })
    }
}

/// The class in `{ Get { Class(…) … } }`.
fn class(program: &str) -> Option<&str> {
    let after = program.split_once("Get")?.1;
    let after = after.trim_start().strip_prefix('{')?.trim_start();
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    after.get(..end).filter(|name| !name.is_empty())
}

/// What follows `name:`.
fn argument<'p>(program: &'p str, name: &str) -> Option<&'p str> {
    program.match_indices(name).find_map(|(at, _)| {
        let after = program.get(at + name.len()..)?;
        after.trim_start().strip_prefix(':').map(str::trim_start)
    })
}

fn number(text: &str) -> Option<f64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    query: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    data: Object<Data>,
    errors: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data {
    #[serde(rename = "Get")]
    get: Object<ByClass>,
}

/// Objects of all classes together.
#[derive(Debug, Default)]
struct ByClass(u64);

impl<'de> Lenient<'de> for ByClass {
    fn map<A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut sum = 0;
        while let Some((_, length)) = map.next_entry::<serde::de::IgnoredAny, Length>()? {
            sum += length.0.unwrap_or(0);
        }
        Ok(Self(sum))
    }
}

lenient!(ByClass);
