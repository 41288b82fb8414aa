use super::super::testing::{Answered, Asked, span, text};
use crate::semconv::Span;

const JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json";

fn query(head: &str, body: &str, answer: &str) -> Option<Span> {
    span(&Asked(head, body), &Answered(JSON, answer))
}

/// Where, what was asked, what came back; provider, collection, bound, documents found.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    [Option<&'static str>; 4],
);

const CASES: &[Case] = &[
    (
        "POST /search HTTP/1.1\nHost: api.perplexity.ai",
        r#"{"query":"canary","max_results":5}"#,
        r#"{"id":"s1","results":[{"title":"canary","url":"https://a.example"},{"title":"b"}]}"#,
        [Some("perplexity"), None, Some("5"), Some("2")],
    ),
    (
        "POST /query HTTP/1.1\nHost: books-a1b2c3.svc.aped-1.pinecone.io",
        r#"{"namespace":"n","topK":5,"vector":[0.1,0.2]}"#,
        r#"{"matches":[{"id":"a","score":0.9},{"id":"b"}],"namespace":"n","usage":{"readUnits":6}}"#,
        [Some("pinecone"), Some("books-a1b2c3"), Some("5"), Some("2")],
    ),
    (
        "POST /records/namespaces/n/search HTTP/1.1\nHost: i.svc.r.pinecone.io",
        r#"{"query":{"inputs":{"text":"canary"},"top_k":3}}"#,
        r#"{"result":{"hits":[{"_id":"a"}]}}"#,
        [Some("pinecone"), Some("i"), Some("3"), Some("1")],
    ),
    (
        "POST /collections/books/points/query HTTP/1.1\nHost: q.internal:6333",
        r#"{"query":[0.1],"limit":4,"with_payload":true}"#,
        r#"{"result":{"points":[{"id":1},{"id":2},{"id":3}]},"status":"ok","time":0.1}"#,
        [Some("qdrant"), Some("books"), Some("4"), Some("3")],
    ),
    (
        "POST /collections/my%20books/points/search HTTP/1.1\nHost: q.internal:6333",
        r#"{"vector":[0.1],"limit":4}"#,
        r#"{"result":[{"id":1}],"status":"ok","time":0.1}"#,
        [Some("qdrant"), Some("my books"), Some("4"), Some("1")],
    ),
    (
        "POST /collections/books/points/search/batch HTTP/1.1\nHost: q.internal:6333",
        r#"{"searches":[{"vector":[0.1],"limit":2},{"vector":[0.2],"limit":2}]}"#,
        r#"{"result":[[{"id":1}],[{"id":2}]]}"#,
        [Some("qdrant"), Some("books"), Some("2"), Some("2")],
    ),
    (
        "POST /api/v2/tenants/t/databases/d/collections/0-0/query HTTP/1.1\nHost: chroma:8000",
        r#"{"query_embeddings":[[0.1],[0.2]],"n_results":10,"include":["documents"]}"#,
        r#"{"ids":[["a","b"],["c"]],"documents":[["canary","x"],["y"]]}"#,
        [Some("chroma"), Some("0-0"), Some("10"), Some("3")],
    ),
    (
        "POST /v2/vectordb/entities/search HTTP/1.1\nHost: milvus:19530",
        r#"{"collectionName":"books","data":[[0.1]],"annsField":"v","limit":3}"#,
        r#"{"code":0,"cost":0,"data":[{"id":1},{"id":2}]}"#,
        [Some("milvus"), Some("books"), Some("3"), Some("2")],
    ),
    (
        "POST /books/_search HTTP/1.1\nHost: es:9200",
        r#"{"knn":{"field":"v","query_vector":[0.1],"k":7,"num_candidates":50}}"#,
        r#"{"took":1,"hits":{"total":{"value":1},"hits":[{"_id":"a","_source":{"t":"canary"}}]}}"#,
        [Some("elasticsearch"), Some("books"), Some("7"), Some("1")],
    ),
    (
        "POST /v1/vector_stores/vs_1/search HTTP/1.1\nHost: api.openai.com",
        r#"{"query":"canary","max_num_results":2}"#,
        r#"{"object":"vector_store.search_results.page","data":[{"file_id":"f"}]}"#,
        [Some("openai"), Some("vs_1"), Some("2"), Some("1")],
    ),
    (
        "POST /indexes('books')/docs/search.post.search?api-version=1 HTTP/1.1\nHost: s.search.windows.net",
        r#"{"search":"canary","vectorQueries":[{"kind":"vector","vector":[0.1],"k":9}]}"#,
        r#"{"value":[{"@search.score":1},{"@search.score":0.5}]}"#,
        [Some("azure.ai.search"), Some("books"), Some("9"), Some("2")],
    ),
    (
        "POST /v1/graphql HTTP/1.1\nHost: weaviate:8080",
        r#"{"query":"{ Get { Book(nearText: {concepts: [\"canary\"]}, limit: 6) { title } } }"}"#,
        r#"{"data":{"Get":{"Book":[{"title":"t"},{"title":"u"}]}}}"#,
        [Some("weaviate"), Some("Book"), Some("6"), Some("2")],
    ),
];

#[test]
fn queries_of_every_store() {
    for (head, body, answer, [provider, source, top_k, documents]) in CASES {
        let span = query(head, body, answer).unwrap_or_else(|| panic!("{head}"));
        let name = source.map(|source| format!("retrieval {source}"));
        let name = name.unwrap_or_else(|| "retrieval".to_owned());
        assert_eq!(span.name, name, "{head}");
        for (name, value) in [
            ("gen_ai.operation.name", &Some("retrieval")),
            ("gen_ai.provider.name", provider),
            ("gen_ai.data_source.id", source),
            ("gen_ai.request.top_k", top_k),
            ("llm_tracer.retrieval.document_count", documents),
        ] {
            assert_eq!(text(&span, name).as_deref(), *value, "{name} of {head}");
        }
        assert!(!format!("{span:?}").contains("canary"), "{head}");
    }
}

#[test]
fn other_searches_are_no_retrieval() {
    for (head, body) in [
        (
            "POST /logs/_search HTTP/1.1\nHost: es:9200",
            r#"{"query":{"match":{"text":"the \"knn\" word"}}}"#,
        ),
        (
            "POST /search HTTP/1.1\nHost: other.example",
            r#"{"query":"words","max_results":5}"#,
        ),
        (
            "POST /query HTTP/1.1\nHost: other.example",
            r#"{"topK":5,"vector":[0.1]}"#,
        ),
        (
            "POST /v1/graphql HTTP/1.1\nHost: api.example",
            r#"{"query":"{ Get { Book(limit: 6) { title } } }"}"#,
        ),
        (
            "POST /indexes/books/docs/search HTTP/1.1\nHost: s.search.windows.net",
            r#"{"search":"words"}"#,
        ),
    ] {
        assert!(query(head, body, "{}").is_none(), "{head}");
    }
}

#[test]
fn failures_with_and_without_a_status() {
    let head = "POST /v2/vectordb/entities/search HTTP/1.1\nHost: milvus:19530";
    let body = r#"{"collectionName":"books","data":[[0.1]],"limit":3}"#;
    let span = query(head, body, r#"{"code":1100,"message":"m"}"#).expect("a call");
    assert_eq!(span.error.as_deref(), Some("1100"));
    assert_eq!(text(&span, "llm_tracer.retrieval.document_count"), None);

    let head = "POST /books/_search HTTP/1.1\nHost: es:9200";
    let answer = Answered(
        "HTTP/1.1 404 Not Found\nContent-Type: application/json",
        r#"{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}"#,
    );
    let span = super::super::testing::span(&Asked(head, r#"{"knn":{"k":1}}"#), &answer);
    assert_eq!(
        span.expect("a call").error.as_deref(),
        Some("index_not_found_exception")
    );
}
