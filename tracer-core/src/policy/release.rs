//! The only door out of the core.

use std::borrow::Cow;

use super::bounds::{
    ERROR_TYPE_BYTES, HEADER_BYTES, LIST_ITEMS, NAME_BYTES, STOP_SEQUENCE_BYTES, STOP_SEQUENCES,
    clean, clean_list, clean_option,
};
use crate::llm::{
    call::{Call, CallFacts, Captured, Outcome, Released, RequestFacts, ResponseFacts},
    mcp::McpRequest,
};

/// Lets a call out as metadata: no type in [`CallFacts`] holds prompts, answers, tool arguments or
/// credentials, and every string in it is bounded and free of control characters from here on.
pub fn release(call: Call<Captured>) -> Call<Released> {
    call.release_with(scrub)
}

fn scrub(facts: &mut CallFacts) {
    scrub_request(&mut facts.request);
    scrub_response(&mut facts.response);
    clean(&mut facts.path, HEADER_BYTES);
    if let Some(host) = &mut facts.host {
        clean(&mut host.name, NAME_BYTES);
    }
    if let Cow::Owned(provider) = &mut facts.provider.0 {
        clean(provider, NAME_BYTES);
    }
    if let Outcome::Failed { error_type } = &mut facts.outcome {
        clean(error_type, ERROR_TYPE_BYTES);
    }
    for (name, value) in &mut facts.kept_headers {
        clean(name, NAME_BYTES);
        clean(value, HEADER_BYTES);
    }
}

fn scrub_request(request: &mut RequestFacts) {
    for name in [
        &mut request.model,
        &mut request.service_tier,
        &mut request.reasoning_level,
        &mut request.previous_response_id,
        &mut request.conversation_id,
        &mut request.data_source_id,
        &mut request.prompt_id,
        &mut request.prompt_version,
        &mut request.agent_id,
        &mut request.guardrail_id,
    ] {
        clean_option(name, NAME_BYTES);
    }
    clean_option(&mut request.user_agent, HEADER_BYTES);
    clean_list(
        &mut request.stop_sequences,
        STOP_SEQUENCES,
        STOP_SEQUENCE_BYTES,
    );
    clean_list(&mut request.encoding_formats, LIST_ITEMS, NAME_BYTES);
    request.files.truncate(LIST_ITEMS);
    for file in &mut request.files {
        clean_option(&mut file.media_type, NAME_BYTES);
    }
    clean_list(&mut request.tool_names, LIST_ITEMS, NAME_BYTES);
    if let Some(mcp) = &mut request.mcp {
        scrub_mcp(mcp);
    }
}

fn scrub_mcp(mcp: &mut McpRequest) {
    clean(&mut mcp.method, NAME_BYTES);
    for name in [
        &mut mcp.tool,
        &mut mcp.prompt,
        &mut mcp.id,
        &mut mcp.protocol_version,
        &mut mcp.session_id,
    ] {
        clean_option(name, NAME_BYTES);
    }
}

fn scrub_response(response: &mut ResponseFacts) {
    for name in [
        &mut response.id,
        &mut response.model,
        &mut response.service_tier,
        &mut response.system_fingerprint,
        &mut response.request_id,
        &mut response.mcp.protocol_version,
        &mut response.mcp.session_id,
        &mut response.conversation_id,
        &mut response.upstream_provider,
    ] {
        clean_option(name, NAME_BYTES);
    }
    clean_list(&mut response.finish_reasons, LIST_ITEMS, NAME_BYTES);
    if let Some(gateway) = &mut response.gateway {
        clean_option(&mut gateway.cache, NAME_BYTES);
    }
    response.tool_calls.truncate(LIST_ITEMS);
    for tool in &mut response.tool_calls {
        clean(&mut tool.name, NAME_BYTES);
        clean_option(&mut tool.id, NAME_BYTES);
    }
}
