//! Calls as their clients make them.

use serde_json::{Value, json};

use crate::{
    garden::{EVENTS, Gardener, data, named},
    traffic::{Exchange, Origin},
};

/// What is asked of a chat completion: instructions, a turn with a tool, the tool, a question.
pub fn chat_body(garden: &mut Gardener, stream: bool) -> Value {
    let arguments = garden.document("arguments in a message").to_string();
    json!({
        "model": "gpt-5", "stream": stream,
        "messages": [
            {"role": "system", "content": garden.prose("instructions")},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "save", "arguments": arguments}}]},
            {"role": "tool", "tool_call_id": "c1", "content": garden.prose("result of a tool")},
            {"role": "user", "content": [{"type": "text", "text": garden.prose("prompt")}]},
        ],
        "tools": [{"type": "function", "function": {
            "name": "save", "description": garden.prose("description of a tool"),
            "parameters": {"type": "object", "properties": {"note": {
                "type": "string", "default": garden.prose("schema of a tool")}}}}}],
    })
}

pub fn chat(garden: &mut Gardener) -> Exchange {
    let body = chat_body(garden, false);
    let arguments = garden.document("arguments").to_string();
    let answer = json!({
        "id": "1", "model": "gpt-5",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": garden.prose("answer"),
            "reasoning_content": garden.prose("reasoning"),
            "tool_calls": [{"id": "c2", "type": "function",
                "function": {"name": "save", "arguments": arguments}}]}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 12},
    });
    let request = garden.request("api.openai.com", "/v1/chat/completions", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

pub fn chat_stream(garden: &mut Gardener) -> Exchange {
    let body = chat_body(garden, true);
    let event = |delta: Value| {
        data(&json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0, "delta": delta}]}))
    };
    let text = garden.prose("answer");
    let text = garden.pieces(&text).into_iter();
    let mut events: Vec<String> = text.map(|it| event(json!({"content": it}))).collect();
    let arguments = garden.document("arguments").to_string();
    events.push(event(json!({"tool_calls": [
        {"index": 0, "id": "c2", "type": "function", "function": {"name": "save", "arguments": ""}}]})));
    let arguments = garden.pieces(&arguments).into_iter();
    events.extend(
        arguments
            .map(|it| event(json!({"tool_calls": [{"index": 0, "function": {"arguments": it}}]}))),
    );
    events.push("data: [DONE]\n\n".to_owned());
    let request = garden.request("api.openai.com", "/v1/chat/completions", &body);
    let response = garden.stream(EVENTS, &events);
    Exchange::new(request, response)
}

pub fn messages_stream(garden: &mut Gardener) -> Exchange {
    let body = json!({
        "model": "claude", "max_tokens": 9, "stream": true,
        "system": [{"type": "text", "text": garden.prose("instructions")}],
        "messages": [
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": garden.prose("reasoning in a message"), "signature": "x"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": garden.document("arguments in a message")}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [
                {"type": "text", "text": garden.prose("result of a tool")}]}]},
        ],
        "tools": [{"name": "look", "description": garden.prose("description of a tool"), "input_schema": {"type": "object"}}],
    });
    let mut events = vec![named(&json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}}))];
    let text = garden.prose("answer");
    let input = garden.document("arguments").to_string();
    for (index, block, text, delta, member) in [
        (
            0,
            json!({"type": "text", "text": ""}),
            text,
            "text_delta",
            "text",
        ),
        (
            1,
            json!({"type": "tool_use", "id": "t2", "name": "look", "input": {}}),
            input,
            "input_json_delta",
            "partial_json",
        ),
    ] {
        events.push(named(
            &json!({"type": "content_block_start", "index": index, "content_block": block}),
        ));
        let pieces = garden.pieces(&text).into_iter();
        events.extend(pieces.map(|piece| {
            named(&json!({"type": "content_block_delta", "index": index, "delta": {"type": delta, member: piece}}))
        }));
        events.push(named(
            &json!({"type": "content_block_stop", "index": index}),
        ));
    }
    events.push(named(&json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}})));
    events.push(named(&json!({"type": "message_stop"})));
    let request = garden.request("api.anthropic.com", "/v1/messages", &body);
    let response = garden.stream(EVENTS, &events);
    Exchange::new(request, response)
}

pub fn gemini_stream(garden: &mut Gardener) -> Exchange {
    let body = json!({
        "systemInstruction": {"parts": [{"text": garden.prose("instructions")}]},
        "contents": [
            {"role": "model", "parts": [{"functionCall": {"name": "look", "args": garden.document("arguments in a message")}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": garden.document("result of a tool")}}]},
            {"role": "user", "parts": [{"text": garden.prose("prompt")}]},
        ],
    });
    let event = |part: Value| {
        data(
            &json!({"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}],
            "responseId": "r", "modelVersion": "g"}),
        )
    };
    let text = garden.prose("answer");
    let text = garden.pieces(&text).into_iter();
    let mut events: Vec<String> = text.map(|it| event(json!({"text": it}))).collect();
    let args = garden.document("arguments");
    events.push(event(
        json!({"functionCall": {"name": "look", "args": args}}),
    ));
    let path = "/v1beta/models/gemini-2.5-pro:streamGenerateContent";
    let request = garden.request("generativelanguage.googleapis.com", path, &body);
    let response = garden.stream(EVENTS, &events);
    Exchange::new(request, response)
}

pub fn responses(garden: &mut Gardener) -> Exchange {
    let body = json!({
        "model": "gpt-5", "instructions": garden.prose("instructions"),
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": garden.prose("prompt")}]},
            {"type": "function_call", "call_id": "c0", "name": "look", "arguments": garden.document("arguments in a message").to_string()},
            {"type": "function_call_output", "call_id": "c0", "output": garden.prose("result of a tool")},
        ],
        "metadata": {"note": garden.line("metadata")},
    });
    let answer = json!({
        "id": "resp_1", "object": "response", "model": "gpt-5", "status": "completed",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": garden.prose("reasoning")}]},
            {"id": "msg_1", "type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": garden.prose("answer")}]},
            {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "look", "arguments": garden.document("arguments").to_string()},
        ],
    });
    let request = garden.request("api.openai.com", "/v1/responses", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

pub fn ollama(garden: &mut Gardener) -> Exchange {
    let body = json!({
        "model": "llama", "messages": [
            {"role": "system", "content": garden.prose("instructions")},
            {"role": "user", "content": garden.prose("prompt")},
            {"role": "tool", "tool_name": "look", "content": garden.prose("result of a tool")}],
    });
    let line = |message: Value, done: bool| {
        format!(
            "{}\n",
            json!({"model": "llama", "message": message, "done": done})
        )
    };
    let text = garden.prose("answer");
    let text = garden.pieces(&text).into_iter();
    let message = |content: String| json!({"role": "assistant", "content": content});
    let mut lines: Vec<String> = text.map(|it| line(message(it), false)).collect();
    let arguments = garden.document("arguments");
    let call = json!([{"function": {"name": "look", "arguments": arguments}}]);
    lines.push(line(
        json!({"role": "assistant", "content": "", "tool_calls": call}),
        true,
    ));
    let request = garden.request("localhost:11434", "/api/chat", &body);
    let response = garden.stream("content-type: application/x-ndjson", &lines);
    Exchange::new(request, response)
}

pub fn mcp(garden: &mut Gardener) -> Exchange {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "look", "arguments": garden.document("arguments")}});
    let answer = json!({"jsonrpc": "2.0", "id": 7, "result": {"isError": false, "content": [
        {"type": "text", "text": garden.prose("result of a tool")}]}});
    let request = garden.request("tools.test", "/mcp", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

/// A provider may quote what it refuses.
pub fn refused(garden: &mut Gardener) -> Exchange {
    let body = chat_body(garden, false);
    let message = format!(
        "Incorrect API key provided: {}",
        garden.line("message of an error")
    );
    let answer = json!({"error": {
        "message": message, "type": "invalid_request_error", "code": "invalid_api_key"}});
    let request = garden.request("api.openai.com", "/v1/chat/completions", &body);
    let response = garden.response("401 Unauthorized", &answer.to_string());
    Exchange::new(request, response)
}

/// Addresses of resources say who and what they are of.
pub fn mcp_resource(garden: &mut Gardener) -> Exchange {
    let uri = format!(
        "https://{}@files.test/{}?token={}",
        garden.encoded("user in an address"),
        garden.encoded("path of an address"),
        garden.encoded("query of an address"),
    );
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "resources/read",
        "params": {"uri": uri, "_meta": {"note": garden.line("metadata")}}});
    let answer = json!({"jsonrpc": "2.0", "id": 7, "result": {"contents": [
        {"uri": uri, "mimeType": "text/plain", "text": garden.line("text of a resource")}]}});
    let request = garden.request("tools.test", "/mcp", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

/// A tool that fails says why.
pub fn mcp_failure(garden: &mut Gardener) -> Exchange {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "prompts/get", "params": {
        "name": "greet", "arguments": {"whom": garden.line("arguments of a prompt")}}});
    let answer = json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -32602,
        "message": garden.line("message of an error"), "data": {"of": garden.line("data of an error")}}});
    let request = garden.request("tools.test", "/mcp", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

/// Clients tell providers whose a call is.
pub fn attributed(garden: &mut Gardener) -> Exchange {
    let user = match garden.random.below(3) {
        0 => garden.line("metadata.user_id"),
        1 => format!(
            "user_{}_account__session_0b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8",
            garden.line("metadata.user_id")
        ),
        _ => json!({"device_id": garden.line("metadata.user_id"), "account_uuid": "",
            "session_id": "0b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"})
        .to_string(),
    };
    let body = json!({
        "model": "claude", "max_tokens": 9, "metadata": {"user_id": user},
        "messages": [{"role": "user", "content": garden.prose("prompt")}],
    });
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "text", "text": garden.prose("answer")}], "stop_reason": "end_turn"});
    let request = garden.request("api.anthropic.com", "/v1/messages", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

/// The members of other APIs that say who asks.
pub fn attributed_chat(garden: &mut Gardener) -> Exchange {
    let body = json!({
        "model": "gpt-5", "user": garden.line("user"),
        "safety_identifier": garden.line("safety_identifier"),
        "prompt_cache_key": garden.line("prompt_cache_key"),
        "messages": [{"role": "user", "name": garden.plant("name of a speaker", Origin::Content),
            "content": garden.prose("prompt")}],
    });
    let answer = json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0,
        "finish_reason": "stop", "message": {"role": "assistant", "content": garden.prose("answer"),
        "annotations": [{"type": "url_citation", "url_citation": {
            "url": garden.line("citation"), "title": garden.line("title of a citation")}}]}}]});
    let request = garden.request("api.openai.com", "/v1/chat/completions", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}
