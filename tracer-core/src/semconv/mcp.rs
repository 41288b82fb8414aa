//! Spans and measurements of the Model Context Protocol.

use super::{attributes as names, build::Builder};
use crate::llm::{
    call::CallFacts,
    mcp::{ACCEPTED, McpRequest},
};

/// The one method that runs a tool.
const TOOLS_CALL: &str = "tools/call";

/// `{method} {tool or prompt}`.
pub(super) fn span_name(mcp: &McpRequest) -> String {
    match mcp.tool.as_ref().or(mcp.prompt.as_ref()) {
        Some(target) => format!("{} {target}", mcp.method),
        None => mcp.method.clone(),
    }
}

/// What spans and measurements share first: the method and its target.
pub(super) fn add_identity(add: &mut Builder, mcp: &McpRequest) {
    if mcp.method == TOOLS_CALL {
        add.label(names::GEN_AI_OPERATION_NAME, "execute_tool");
    }
    add.text(names::MCP_METHOD_NAME, Some(&mcp.method));
    add.text(names::GEN_AI_TOOL_NAME, mcp.tool.as_deref());
    add.text(names::GEN_AI_PROMPT_NAME, mcp.prompt.as_deref());
}

/// What else a span of a request says.
pub(super) fn add_details(add: &mut Builder, facts: &CallFacts) {
    let Some(mcp) = &facts.request.mcp else {
        return;
    };
    let answer = &facts.response.mcp;
    let version = answer.protocol_version.as_ref();
    let session = mcp.session_id.as_ref().or(answer.session_id.as_ref());
    add.text(
        names::MCP_PROTOCOL_VERSION,
        version
            .or(mcp.protocol_version.as_ref())
            .map(String::as_str),
    );
    add.text(names::MCP_SESSION_ID, session.map(String::as_str));
    add.label(names::NETWORK_TRANSPORT, "tcp");
    add.label(names::NETWORK_PROTOCOL_NAME, "http");
    add.text(names::JSONRPC_REQUEST_ID, mcp.id.as_deref());
    if let Some(code) = answer.error_code {
        add.text(names::RPC_RESPONSE_STATUS_CODE, Some(&code.to_string()));
    }
    let is_accepted = facts.response.status == Some(ACCEPTED);
    add.flag(
        names::LLM_TRACER_MCP_ANSWER_ELSEWHERE,
        is_accepted && mcp.id.is_some() && !answer.is_joined,
    );
}
