//! What the adapters of vector stores have in common.

use std::fmt::Debug;

use crate::llm::{
    adapters::{
        adapter::{
            Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
        },
        request_line::RequestLine,
    },
    answer::Answer,
    call::{Operation, RequestFacts},
};

/// One store: its paths and the members that count.
pub(in crate::llm::adapters) trait Store: Debug + Sync {
    /// The wire API, as `family.interface`.
    const NAME: &'static str;
    /// The `gen_ai.provider.name` of a store on a host that nobody knows.
    const FLAVOUR: &'static str;
    /// A member that stands in every query, with its quotes.
    const MEMBER: &'static str;
    /// How sure the path makes.
    const CERTAINTY: Certainty;

    /// Whether a request is a query.
    fn is_query(request: &RequestLine<'_>) -> bool;

    /// Reads the body of a query; `None` if it is no JSON object.
    fn query(request: &RequestLine<'_>, body: &[u8]) -> Option<Query>;

    /// Reads the answer to a query; `None` if it is no JSON object.
    fn found(body: &[u8]) -> Option<Found>;
}

/// What a query asks.
#[derive(Debug, Default)]
pub(in crate::llm::adapters) struct Query {
    /// Index or collection.
    pub(super) source: Option<String>,
    /// Bound on the documents to find.
    pub(super) top_k: Option<f64>,
    /// The body holds what every query holds.
    pub(super) has_shape: bool,
}

/// What a query came to.
#[derive(Debug, Default)]
pub(in crate::llm::adapters) struct Found {
    /// Documents in the answer.
    pub(super) documents: Option<u64>,
    /// `error.type` of an error in the body.
    pub(super) error: Option<String>,
}

impl Found {
    /// So many documents.
    pub(super) const fn documents(documents: Option<u64>) -> Self {
        Self {
            documents,
            error: None,
        }
    }
}

/// The adapter of a store.
#[derive(Debug)]
pub(in crate::llm::adapters) struct Retrieval<S>(pub(in crate::llm::adapters) S);

impl<S: Store> Adapter for Retrieval<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn flavour(&self) -> &'static str {
        S::FLAVOUR
    }

    /// A vector store is no model: what it is asked, its clients tell.
    fn reads_served(&self) -> bool {
        false
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        S::is_query(request)
            .then(|| Endpoint::new(Operation::Retrieval).with_certainty(S::CERTAINTY))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, S::MEMBER)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let query = S::query(context.request, body)?;
        let facts = RequestFacts {
            data_source_id: query.source,
            top_k: query.top_k,
            ..RequestFacts::default()
        };
        Some(RequestRead {
            facts,
            has_shape: query.has_shape,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(found) = S::found(body) else {
            return false;
        };
        answer.documents = found.documents;
        answer.error = found.error;
        true
    }
}
