//! What an exchange of the Model Context Protocol says of itself: the JSON-RPC envelope, never
//! arguments, results or the addresses of resources.

use super::call::TraceParent;

/// A request of MCP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct McpRequest {
    /// `tools/call`, `initialize`, …
    pub method: String,
    /// The tool of a `tools/call`.
    pub tool: Option<String>,
    /// The prompt of a `prompts/get`.
    pub prompt: Option<String>,
    /// The JSON-RPC id; a notification has none.
    pub id: Option<String>,
    /// Version of the protocol that the client speaks.
    pub protocol_version: Option<String>,
    /// The session that the request belongs to.
    pub session_id: Option<String>,
    /// The caller's trace context, from `params._meta.traceparent`.
    pub parent: Option<TraceParent>,
}

/// What the answer to it said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct McpAnswer {
    /// Version of the protocol that the server agreed to.
    pub protocol_version: Option<String>,
    /// The session that the server began.
    pub session_id: Option<String>,
    /// Code of a JSON-RPC error.
    pub error_code: Option<i64>,
}
