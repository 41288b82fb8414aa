//! Requests that the process serves.

use serde_json::{Value, json};

use crate::{
    calls::chat_body,
    garden::Gardener,
    traffic::{Exchange, Passed},
};

/// What a user asks of an application, and the call that it makes for it.
pub fn request(garden: &mut Gardener) -> Exchange {
    let path = format!(
        "/users/{}/ask/{}",
        garden.encoded("path"),
        garden.encoded("end of the path")
    );
    let question = json!({"question": garden.line("body of a user's request"),
        "login": {"password": garden.line("password of a user")}});
    let asked = garden.request("app.example", &path, &question);
    let body = json!({"model": "gpt-5", "messages": [
        {"role": "user", "content": garden.prose("prompt")}]});
    let answer = json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": garden.prose("answer")}}]});
    let reply = json!({"reply": garden.line("answer to a user")}).to_string();
    let passed = vec![
        Passed::inwards(0, asked),
        Passed::out(
            1,
            garden.request("api.openai.com", "/v1/chat/completions", &body),
        ),
        Passed::inwards(1, garden.response("200 OK", &answer.to_string())),
        Passed::out(0, garden.response("500 Internal Server Error", &reply)),
    ];
    Exchange {
        is_alone: true,
        calls: 1,
        passed,
    }
}

/// A server of tools.
pub fn mcp(garden: &mut Gardener) -> Exchange {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "look", "arguments": garden.document("arguments")}});
    let answer = json!({"jsonrpc": "2.0", "id": 7, "result": {"isError": true, "content": [
        {"type": "text", "text": garden.prose("result of a tool")}]}});
    served(garden, "tools.test", "/mcp", &body, &answer)
}

/// A server of models.
pub fn chat(garden: &mut Gardener) -> Exchange {
    let body = chat_body(garden, false);
    let answer = json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": garden.prose("answer")}}]});
    served(
        garden,
        "models.example",
        "/v1/chat/completions",
        &body,
        &answer,
    )
}

fn served(garden: &mut Gardener, host: &str, path: &str, body: &Value, answer: &Value) -> Exchange {
    let passed = vec![
        Passed::inwards(0, garden.request(host, path, body)),
        Passed::out(0, garden.response("200 OK", &answer.to_string())),
    ];
    Exchange {
        is_alone: true,
        calls: 1,
        passed,
    }
}
