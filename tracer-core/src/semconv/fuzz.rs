//! Messages are documents that any reader can read, whatever tools are called with and give.

use super::{
    messages::{InputMessages, ToolDefinitions},
    parts::Parts,
};
use crate::llm::content::{Kept, Message, Part, ToolCall, ToolDefinition, ToolResponse};

/// The input is whether the text was cut, and a text.
pub fn fuzz_documents(data: &[u8]) {
    let [cut, text @ ..] = data else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let kept = || Kept::masked(text.to_owned(), u64::from(*cut % 2));
    let call = ToolCall {
        name: Some(text.to_owned()),
        arguments: kept(),
        ..ToolCall::default()
    };
    let response = |parts: Vec<Part>| ToolResponse {
        id: Some(text.to_owned()),
        response: parts,
        ..ToolResponse::default()
    };
    let parts = vec![
        Part::Text(kept()),
        Part::Json(kept()),
        Part::ToolCall(call.clone()),
        Part::ServerToolCall(call),
        Part::ToolResponse(response(vec![Part::Json(kept())])),
        Part::ServerToolResponse(response(vec![Part::Text(kept()), Part::Json(kept())])),
        Part::Other {
            kind: text.to_owned(),
        },
    ];
    let tool = ToolDefinition {
        kind: text.to_owned(),
        parameters: Some(kept()),
        ..ToolDefinition::default()
    };
    let told = serde_json::to_string(&Parts(&parts));
    let message = Message {
        role: text.to_owned(),
        name: None,
        parts,
    };
    for told in [
        told,
        serde_json::to_string(&InputMessages(&[message])),
        serde_json::to_string(&ToolDefinitions(&[tool])),
    ] {
        let told = told.expect("nothing can fail");
        assert!(!told.contains(['\n', '\r']), "on one line: {told}");
        let read: serde_json::Value = serde_json::from_str(&told).expect("a document");
        assert!(read.is_array());
    }
}
