//! What an exchange of the Model Context Protocol says of itself: the JSON-RPC envelope, never
//! arguments, results or the addresses of resources.
//!
//! ```text
//! POST with a request ──► CallBuilder ──► call ─────────────┐ accepted only: its answer comes
//! POST with a reply ────► CallBuilder ──► reply ──┐         ▼ on a stream
//! GET of a stream ──────► Listening ──► news ──► Sessions ──► calls
//!                                                 ▲ by session and id
//! requests of the server, inside a stream ────────┘
//! ```
//!
//! Either side may ask: who asks makes the call, who answers serves it, whichever of them is the
//! client of HTTP.

use super::call::TraceParent;

pub(super) mod message;

mod listening;
mod session;
mod sessions;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;

pub(super) use self::session::asked;
pub(crate) use self::{
    listening::Listening,
    session::{News, Over, SessionKey},
    sessions::Sessions,
};

/// Status of a message that was accepted, and is answered elsewhere if at all.
pub(crate) const ACCEPTED: u16 = 202;

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
    /// The answer came elsewhere than in the response to the request, and was found there.
    pub is_joined: bool,
}
