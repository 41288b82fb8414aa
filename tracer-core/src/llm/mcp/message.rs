//! One message of JSON-RPC, as MCP has it.

use serde::Deserialize;

use super::McpRequest;
use crate::llm::{
    answer::Answer,
    call::{CallFacts, OTHER, Outcome},
    clip::kept,
    json::{Flag, Integer, List, Object, Scalar, Text, read},
    trace_parent,
};

/// `error.type` of a tool that ran and failed.
const TOOL_ERROR: &str = "tool_error";

/// A request, a notification or a reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::llm) struct Message<'a> {
    #[serde(borrow)]
    jsonrpc: Text<'a>,
    id: Scalar<'a>,
    method: Text<'a>,
    params: Object<Params<'a>>,
    result: Object<Outcomes<'a>>,
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
struct Outcomes<'a> {
    is_error: Flag,
    #[serde(borrow)]
    protocol_version: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RpcError {
    code: Integer,
}

/// What a reply says, and to which request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reply {
    pub(super) id: Option<String>,
    protocol_version: Option<String>,
    error_code: Option<i64>,
    /// `error.type`, if it tells of a failure.
    error: Option<String>,
}

/// The messages of a body: one, or a batch, which an older version of the protocol has.
pub(in crate::llm) fn messages(body: &[u8]) -> Vec<Message<'_>> {
    match body.trim_ascii_start().first() {
        Some(b'{') => read(body).into_iter().collect(),
        Some(b'[') => {
            let batch = read::<List<Object<Message<'_>>>>(body).unwrap_or_default();
            batch
                .0
                .into_iter()
                .filter_map(|message| message.0)
                .collect()
        }
        _ => Vec::new(),
    }
}

impl Message<'_> {
    /// It says that it is one.
    pub(in crate::llm) fn is_json_rpc(&self) -> bool {
        self.jsonrpc.as_str() == Some("2.0")
    }

    /// It asks or tells something, and answers nothing.
    pub(in crate::llm) fn has_method(&self) -> bool {
        self.method.as_str().is_some()
    }

    /// It has to be answered.
    pub(in crate::llm) fn wants_reply(&self) -> bool {
        self.has_method() && self.id.as_str().is_some()
    }

    /// The request or notification that it is, if it has a method.
    pub(in crate::llm) fn request(&self) -> McpRequest {
        let method = self.method.as_str().map(kept).unwrap_or_default();
        let params = self.params.0.as_ref();
        let name = params.and_then(|params| params.name.as_str());
        let named = |by: &str| name.filter(|_| method == by).map(kept);
        let meta = params.and_then(|params| params.meta.0.as_ref());
        let version = params.and_then(|params| params.protocol_version.as_str());
        McpRequest {
            tool: named("tools/call"),
            prompt: named("prompts/get"),
            id: self.id.as_str().map(kept),
            protocol_version: version.map(kept),
            session_id: None,
            parent: meta.and_then(|meta| trace_parent::parse(meta.traceparent.as_str()?)),
            method,
        }
    }

    /// The reply that it is.
    pub(in crate::llm) fn reply(&self) -> Option<Reply> {
        if self.has_method() {
            return None;
        }
        let id = self.id.as_str().map(kept);
        if let Some(error) = &self.error.0 {
            let code = error.code.0;
            return Some(Reply {
                id,
                protocol_version: None,
                error_code: code,
                error: Some(code.map_or_else(|| OTHER.to_owned(), |code| code.to_string())),
            });
        }
        let result = self.result.0.as_ref()?;
        let failed = result.is_error.0 == Some(true);
        Some(Reply {
            id,
            protocol_version: result.protocol_version.as_str().map(kept),
            error_code: None,
            error: failed.then(|| TOOL_ERROR.to_owned()),
        })
    }
}

impl Reply {
    /// Tells of it as the answer in the response to its request.
    pub(in crate::llm) fn tell(self, answer: &mut Answer) {
        answer.mcp.protocol_version = self.protocol_version;
        answer.mcp.error_code = self.error_code;
        answer.error = self.error;
        answer.ended = true;
    }

    /// Tells of it as the answer to a call that was made elsewhere.
    pub(super) fn settle(self, facts: &mut CallFacts) {
        let answer = &mut facts.response.mcp;
        answer.protocol_version = self.protocol_version;
        answer.error_code = self.error_code;
        answer.is_joined = true;
        facts.outcome = match self.error {
            Some(error_type) => Outcome::Failed { error_type },
            None => Outcome::Success,
        };
    }
}
