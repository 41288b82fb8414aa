//! Model Context Protocol over HTTP: each request is one POST of a JSON-RPC message.
//!
//! <https://modelcontextprotocol.io/specification>, "Transports". The answer is a JSON document or a
//! stream of events whose last message it is. In the older HTTP+SSE transport the POST is only
//! accepted (202), and the answer comes on a stream that the client opened before: see
//! [`Sessions`](crate::llm::mcp::Sessions). A POST may also bring the reply to a request of the
//! server.
//!
//! Servers stand under any host and path, so headers and the usual names of paths make a candidate,
//! and only a JSON-RPC message with a method makes a call.

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
        mcp::{
            ACCEPTED,
            message::{Message, messages},
        },
    },
    stream::event::Event,
};

/// Requests that a server may have made in one piece of a stream; more are passed over.
const MAX_ASKED: usize = 32;

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
        let header = |name| context.request.header(name).map(kept);
        if !message.has_method() {
            return Some(RequestRead {
                reply: message.reply().map(Box::new),
                ..RequestRead::default()
            });
        }
        let mut request = message.request();
        request.protocol_version = header("mcp-protocol-version").or(request.protocol_version);
        request.session_id = header("mcp-session-id");
        let facts = RequestFacts {
            mcp: Some(Box::new(request)),
            ..RequestFacts::default()
        };
        Some(RequestRead {
            facts,
            has_shape: message.is_json_rpc(),
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        answer.mcp.session_id = session(context);
        if context.head.status == Some(ACCEPTED) {
            return true; // whatever servers write beside that
        }
        let message = first_message(body);
        if let Some(reply) = message.as_ref().and_then(Message::reply) {
            reply.tell(answer);
        }
        message.is_some()
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

/// The message of a body; of a batch the first one that is a request.
fn first_message(body: &[u8]) -> Option<Message<'_>> {
    let mut messages = messages(body);
    let request = messages.iter().position(Message::has_method).unwrap_or(0);
    (request < messages.len()).then(|| messages.swap_remove(request))
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
        let messages = messages(event.data);
        if let Some(reply) = messages.iter().find_map(Message::reply) {
            reply.tell(answer);
        }
        for message in messages.iter().filter(|message| message.wants_reply()) {
            if answer.asked.len() < MAX_ASKED {
                answer.asked.push((message.request(), event.data.len()));
            }
        }
        // Progress and log messages come before the answer, never pieces of it.
        Chunk::Other
    }
}

#[cfg(test)]
#[path = "mcp_tests.rs"]
mod tests;
