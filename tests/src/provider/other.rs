//! What is no inference: a list of models, a search in a vector store, data for tests of other traffic, and refusals.

use hyper::{Method, Response, StatusCode, body::Bytes, header};

use super::script::Script;

/// Longest body, either way, bytes.
pub const MAX_BODY: usize = 32 << 20;

/// What every search in a vector store finds.
const FOUND: &str = r#"{"object":"vector_store.search_results.page","search_query":["towns"],"data":[{"file_id":"file_1","filename":"towns.txt","score":0.9,"attributes":{},"content":[{"type":"text","text":"The old town stands on a hill above the river."}]}],"has_more":false,"next_page":null}"#;

/// Answers what no API answers.
pub fn other(method: &Method, path: &str) -> Response<Script> {
    if path == "/v1/models" {
        let body = r#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","owned_by":"local"}]}"#;
        return json(StatusCode::OK, body.to_owned());
    }
    if *method == Method::POST && path.starts_with("/v1/vector_stores/") {
        return json(StatusCode::OK, FOUND.to_owned());
    }
    if let Some(bytes) = path
        .strip_prefix("/bulk/")
        .and_then(|bytes| bytes.parse().ok())
    {
        return Response::new(Script::whole(Bytes::from(vec![
            b'x';
            usize::min(bytes, MAX_BODY)
        ])));
    }
    if *method == Method::POST && path == "/bulk" {
        return Response::new(Script::whole(Bytes::from_static(b"taken")));
    }
    plain(StatusCode::NOT_FOUND, "no such path")
}

/// An error in the form that all clients read.
pub fn plain(status: StatusCode, message: &str) -> Response<Script> {
    let message = serde_json::Value::from(message);
    json(
        status,
        format!(
            r#"{{"error":{{"message":{message},"type":"invalid_request_error","param":null,"code":null}}}}"#
        ),
    )
}

fn json(status: StatusCode, body: String) -> Response<Script> {
    let mut response = Response::new(Script::whole(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}
