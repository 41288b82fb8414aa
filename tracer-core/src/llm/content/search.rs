//! Queries, the documents that they are put to, and those that they find.

use serde::Deserialize;

use super::{
    chat::tell_documents,
    draft::{Asked, Draft},
    wire::{Raw, each, object, objects, text, text_or_json},
};
use crate::llm::json::{Number, Object, Scalar, Text, read};

/// The union of the words for a query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    /// A text, or a query in the language of a store.
    #[serde(borrow)]
    query: Raw<'a>,
    query_texts: Raw<'a>,
    search: Text<'a>,
    #[serde(rename = "retrievalQuery")]
    retrieval_query: Raw<'a>,
    queries: Raw<'a>,
    documents: Raw<'a>,
    texts: Raw<'a>,
    inputs: Raw<'a>,
    input: Raw<'a>,
    text: Text<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    if let Some(query) = request.query() {
        asked.query(&query);
    }
    for list in [request.documents, request.texts, request.inputs] {
        tell_documents(list.filter(|list| list.get().starts_with('[')), asked);
    }
    true
}

impl Request<'_> {
    fn query(&self) -> Option<std::borrow::Cow<'_, str>> {
        let alone = self.search.as_str().or(self.text.as_str());
        let nested = [self.retrieval_query, self.inputs, self.input];
        alone
            .map(Into::into)
            .or_else(|| text_or_json(self.query.or(self.query_texts)))
            .or_else(|| {
                let inner = nested.into_iter().find_map(object::<Texted<'_>>)?;
                Some(inner.text.as_str()?.to_owned().into())
            })
            .or_else(|| {
                let mut first = None;
                objects(self.queries, |inner: Texted<'_>| {
                    let text = inner.text.as_str().or(inner.query.as_str());
                    first = first.take().or_else(|| text.map(str::to_owned));
                });
                first.map(Into::into)
            })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Texted<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    query: Text<'a>,
}

/// The union of the words for what was found.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Raw<'a>,
    data: Raw<'a>,
    matches: Raw<'a>,
    value: Raw<'a>,
    #[serde(rename = "retrievalResults")]
    retrieval_results: Raw<'a>,
    /// Elasticsearch, and Pinecone's records.
    hits: Raw<'a>,
    result: Raw<'a>,
    points: Raw<'a>,
    /// Chroma: lists of lists beside each other.
    ids: Raw<'a>,
    documents: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(rename = "_id")]
    hidden_id: Scalar<'a>,
    file_id: Scalar<'a>,
    index: Scalar<'a>,
    score: Number,
    #[serde(rename = "_score")]
    hidden_score: Number,
    relevance_score: Number,
    #[serde(rename = "relevanceScore")]
    relevance_score_camel: Number,
    #[serde(rename = "@search.score")]
    search_score: Number,
    distance: Number,
    document: Raw<'a>,
    text: Raw<'a>,
    content: Raw<'a>,
    #[serde(rename = "_source")]
    source: Raw<'a>,
    payload: Raw<'a>,
    fields: Raw<'a>,
    metadata: Raw<'a>,
}

/// Reads an answer.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    if body.trim_ascii_start().starts_with(b"[") {
        tell(read::<Raw<'_>>(body).flatten(), draft);
        return true;
    }
    let Some(answer) = read::<Answer<'_>>(body) else {
        return false;
    };
    for list in [
        answer.results,
        answer.data,
        answer.matches,
        answer.value,
        answer.retrieval_results,
        answer.points,
    ] {
        tell(list, draft);
    }
    for wrapped in [answer.hits, answer.result] {
        let inner = object::<Answer<'_>>(wrapped);
        tell(
            inner
                .and_then(|inner| inner.hits.or(inner.points))
                .or(wrapped),
            draft,
        );
    }
    tell_columns(&answer, draft);
    true
}

fn tell(list: Raw<'_>, draft: &mut Draft) {
    let list = list.filter(|list| list.get().starts_with('['));
    each(list, |found: Object<Found<'_>>| {
        if let Some(found) = found.0 {
            found.tell(draft);
        }
    });
}

impl Found<'_> {
    fn tell(&self, draft: &mut Draft) {
        let ids = [&self.id, &self.hidden_id, &self.file_id, &self.index];
        let scores = [
            self.score,
            self.hidden_score,
            self.relevance_score,
            self.relevance_score_camel,
            self.search_score,
            self.distance,
        ];
        let texts = [
            self.text,
            self.document,
            self.content,
            self.source,
            self.payload,
            self.fields,
            self.metadata,
        ];
        let body = texts.into_iter().flatten().next();
        let inner = object::<Texted<'_>>(body);
        let inner = inner.as_ref().and_then(|inner| inner.text.as_str());
        draft.found(
            ids.into_iter().find_map(Scalar::as_str),
            scores.into_iter().find_map(|score| score.0),
            inner.or(text_or_json(body).as_deref()),
        );
    }
}

/// Chroma's answer to its first query.
fn tell_columns(answer: &Answer<'_>, draft: &mut Draft) {
    let first = |lists: Raw<'_>| {
        let mut first = Vec::new();
        let mut seen = false;
        each(lists, |list: Raw<'_>| {
            if !std::mem::replace(&mut seen, true) {
                each(list, |item: Raw<'_>| {
                    first.push(text(item).map(|text| text.into_owned()))
                });
            }
        });
        first
    };
    let mut documents = first(answer.documents).into_iter();
    for id in first(answer.ids) {
        let text = documents.next().flatten();
        draft.found(id.as_deref(), None, text.as_deref());
    }
}
