//! `POST …/rerank`: documents put in the order of their relevance to a query.
//!
//! Cohere <https://docs.cohere.com/reference/rerank>, Voyage
//! <https://docs.voyageai.com/reference/reranker-api>, Jina <https://jina.ai/reranker>, and servers
//! that took the format over (vLLM, llama.cpp, text-embeddings-inference, LiteLLM). Cohere bills
//! searches, not tokens; those that count tokens count them all as input.

use serde::Deserialize;

use super::{
    adapter::{Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, has_member},
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::ErrorField,
    json::{Count, Filled, Number, Object, Text, read},
    usage::Usage,
};

/// Reranking.
#[derive(Debug)]
pub(super) struct Rerank;

impl Adapter for Rerank {
    fn name(&self) -> &'static str {
        "cohere.rerank"
    }

    fn flavour(&self) -> &'static str {
        "cohere"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "rerank" | "reranking"] => Some(Endpoint::new(Operation::Rerank)),
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""query""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let has_documents = body.documents.0 || body.texts.0 || body.inputs.0;
        let model = body.model.owned().or_else(|| body.model_id.owned());
        Some(RequestRead {
            has_shape: body.query.0 && has_documents,
            facts: RequestFacts {
                model,
                top_k: body.top_n.0.or(body.top_k.0),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        // text-embeddings-inference answers with a list.
        let Some(document) = read::<Object<Document<'_>>>(body) else {
            return false;
        };
        document.0.unwrap_or_default().tell(answer);
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    /// watsonx.
    model_id: Text<'a>,
    query: Filled,
    documents: Filled,
    /// text-embeddings-inference.
    texts: Filled,
    /// watsonx.
    inputs: Filled,
    top_n: Number,
    top_k: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    usage: Object<Tokens>,
    meta: Object<Meta>,
    /// watsonx.
    input_token_count: Count,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tokens {
    prompt_tokens: Count,
    input_tokens: Count,
    total_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    billed_units: Object<Tokens>,
    tokens: Object<Tokens>,
}

impl Tokens {
    fn input(&self) -> Option<u64> {
        (self.prompt_tokens.0)
            .or(self.input_tokens.0)
            .or(self.total_tokens.0)
    }
}

impl Document<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), self.model.as_str());
        answer.usage = Usage {
            input: self.input(),
            ..Usage::default()
        };
        answer.fail(&self.error);
    }

    fn input(&self) -> Option<u64> {
        let meta = self.meta.0.as_ref();
        let of_meta = |pick: fn(&Meta) -> &Object<Tokens>| pick(meta?).0.as_ref()?.input();
        self.usage
            .0
            .as_ref()
            .and_then(Tokens::input)
            .or_else(|| of_meta(|meta| &meta.billed_units))
            .or_else(|| of_meta(|meta| &meta.tokens))
            .or(self.input_token_count.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn searches_are_no_tokens() {
        let cohere = r#"{"id":"r","results":[{"index":3,"relevance_score":0.5}],
            "meta":{"billed_units":{"search_units":1}}}"#;
        let seen = support::document(&Rerank, cohere);
        assert_eq!(seen.tokens(), (None, None));
        assert_eq!(seen.facts.id.as_deref(), Some("r"));
        let voyage = r#"{"data":[{"index":0}],"model":"rerank-2","usage":{"total_tokens":43}}"#;
        let seen = support::document(&Rerank, voyage);
        assert_eq!(seen.tokens(), (Some(43), None));
        assert_eq!(seen.facts.model.as_deref(), Some("rerank-2"));
        let list = r#"[{"index":0,"score":0.5}]"#;
        assert_eq!(support::document(&Rerank, list).tokens(), (None, None));
    }

    #[test]
    fn a_query_and_documents() {
        let read = |body| support::request(&Rerank, "/v2/rerank", body);
        let full = read(r#"{"model":"m","query":"q","documents":["a"],"top_n":3}"#);
        assert!(full.has_shape);
        assert_eq!(full.facts.model.as_deref(), Some("m"));
        assert_eq!(full.facts.top_k, Some(3.0));
        assert!(!read(r#"{"query":"q"}"#).has_shape);
    }
}
