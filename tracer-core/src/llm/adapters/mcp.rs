//! Model Context Protocol over HTTP: each request is one POST of a JSON-RPC message.
//!
//! <https://modelcontextprotocol.io/specification>, "Transports". The answer is a JSON document or a
//! stream of events whose last message it is. In the older HTTP+SSE transport the POST is only
//! accepted (202), and the answer comes on a stream that the client opened before: such a call ends
//! with the acceptance, and its span says so.
//!
//! Servers stand under any host and path, so headers and the usual names of paths make a candidate,
//! and only a JSON-RPC message with a method makes a call.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, RequestFacts},
        clip::kept,
        json::{Flag, Integer, List, Object, Scalar, Text, read},
        mcp::McpRequest,
        trace_parent,
    },
    stream::event::Event,
};

/// `error.type` of a tool that ran and failed.
const TOOL_ERROR: &str = "tool_error";

/// MCP over streamable HTTP, and what can be seen of it over HTTP+SSE.
#[derive(Debug)]
pub(super) struct McpHttp;

impl Adapter for McpHttp {
    fn name(&self) -> &'static str {
        "mcp.http"
    }

    fn flavour(&self) -> &'static str {
        "mcp"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let path = request.post()?;
        let is_candidate = match path.last()? {
            // APIs of models have such paths, too.
            &"messages" | &"message" | &"sse" if request.provider().is_none() => true,
            _ => {
                path.contains(&"mcp")
                    || request.header("mcp-protocol-version").is_some()
                    || request.header("mcp-session-id").is_some()
                    || request.header("accept").is_some_and(takes_both_forms)
            }
        };
        is_candidate.then(|| Endpoint::new(Operation::Mcp).with_certainty(Certainty::NeedsShape))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""jsonrpc""#) && has_member(body, r#""method""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let message = first_message(body)?;
        let header = |name| context.request.header(name).map(str::to_owned);
        let params = message.params.0.unwrap_or_default();
        let method = message.method.owned();
        let has_shape = message.jsonrpc.as_str() == Some("2.0") && method.is_some();
        let method = method.unwrap_or_default();
        let named = |by: &str| params.name.owned().filter(|_| method == by);
        let mcp = McpRequest {
            tool: named("tools/call"),
            prompt: named("prompts/get"),
            id: message.id.as_str().map(str::to_owned),
            protocol_version: header("mcp-protocol-version")
                .or_else(|| params.protocol_version.owned()),
            session_id: header("mcp-session-id"),
            parent: params
                .meta
                .0
                .and_then(|meta| trace_parent::parse(meta.traceparent.as_str()?)),
            method,
        };
        let facts = RequestFacts {
            mcp: Some(Box::new(mcp)),
            ..RequestFacts::default()
        };
        Some(RequestRead {
            facts,
            has_shape,
            operation: None,
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        answer.mcp.session_id = session(context);
        first_message(body).is_some_and(|message| {
            message.tell(answer);
            true
        })
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(McpStream {
            session_id: session(context),
        })
    }
}

/// Clients of streamable HTTP must take an answer in either form and say so.
fn takes_both_forms(accept: &str) -> bool {
    accept.contains("application/json") && accept.contains("text/event-stream")
}

fn session(context: &AnswerContext<'_>) -> Option<String> {
    context.header("mcp-session-id").map(kept)
}

/// Reads the messages of a stream until the answer.
#[derive(Debug)]
struct McpStream {
    session_id: Option<String>,
}

impl StreamReader for McpStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if let Some(session_id) = self.session_id.take() {
            answer.mcp.session_id = Some(session_id);
        }
        if let Some(message) = first_message(event.data) {
            message.tell(answer);
        }
        // Progress and log messages come before the answer, never pieces of it.
        Chunk::Other
    }
}

/// A request, a notification or a response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    jsonrpc: Text<'a>,
    id: Scalar<'a>,
    method: Text<'a>,
    params: Object<Params<'a>>,
    result: Object<Outcome<'a>>,
    error: Object<RpcError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Params<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    protocol_version: Text<'a>,
    #[serde(rename = "_meta")]
    meta: Object<Meta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta<'a> {
    #[serde(borrow)]
    traceparent: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Outcome<'a> {
    is_error: Flag,
    #[serde(borrow)]
    protocol_version: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RpcError {
    code: Integer,
}

/// The message of a body; of a batch, which an older version of the protocol has, the first one
/// that is a request.
fn first_message(body: &[u8]) -> Option<Message<'_>> {
    match body.trim_ascii_start().first()? {
        b'{' => read(body),
        b'[' => {
            let messages = read::<List<Object<Message<'_>>>>(body)?.0;
            let mut messages = messages.into_iter().filter_map(|message| message.0);
            let first = messages.next()?;
            let is_request = first.method.as_str().is_some();
            let request = |message: &Message<'_>| message.method.as_str().is_some();
            Some(if is_request {
                first
            } else {
                messages.find(request).unwrap_or(first)
            })
        }
        _ => None,
    }
}

impl Message<'_> {
    /// Tells of an answer; the server's own requests and notifications are none.
    fn tell(&self, answer: &mut Answer) {
        if self.method.as_str().is_some() {
            return;
        }
        if let Some(error) = &self.error.0 {
            answer.mcp.error_code = error.code.0;
            answer.error = Some(
                error
                    .code
                    .0
                    .map_or_else(|| "_OTHER".to_owned(), |code| code.to_string()),
            );
            answer.ended = true;
        }
        if let Some(result) = &self.result.0 {
            answer.mcp.protocol_version = result.protocol_version.as_str().map(kept);
            if result.is_error.0 == Some(true) {
                answer.error = Some(TOOL_ERROR.to_owned());
            }
            answer.ended = true;
        }
    }
}

#[cfg(test)]
#[path = "mcp_tests.rs"]
mod tests;
