//! An agent with a tool, a retry, two branches of a conversation, and moderation that comes late.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// 2026-03-04T05:06:07Z, in microseconds.
pub const START: u64 = 1_772_600_767_000_000;
const TOOLS: &str = r#"[{"type": "function", "function": {"name": "look", "parameters": {
    "type": "object", "properties": {"at": {"type": "integer"}}}}}]"#;

struct Tape {
    lines: String,
    at: u64,
    connections: u64,
}

/// The tape.
pub fn written() -> NamedTempFile {
    let mut tape = Tape {
        lines: format!("{}\n", json!({"tape": 1, "start": START})),
        at: 0,
        connections: 0,
    };
    tape.line(&json!({"process": 1, "pid": 4711, "name": "agent.py"}));
    tape.line(&json!({"process": 2, "pid": 4712, "name": "other.py"}));
    let question = json!({"role": "user", "content": "Write to someone@example.org, please."});
    let calling = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"x\"}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "c1", "content": "Nothing."});
    tape.call(
        1,
        &chat(&[&question]),
        "429 Too Many Requests",
        &json!({"error": {"message": "slow", "type": "requests", "code": "rate_limit_exceeded"}}),
    );
    tape.call(
        1,
        &chat(&[&question]),
        "200 OK",
        &answer("chatcmpl-1", &calling, "tool_calls"),
    );
    let done = json!({"role": "assistant", "content": "It is done."});
    tape.call(
        1,
        &chat(&[&question, &calling, &result]),
        "200 OK",
        &answer("chatcmpl-2", &done, "stop"),
    );
    let begun = [&question, &calling, &result, &done];
    for (number, other) in ["What now?", "And what then?"].into_iter().enumerate() {
        let other = json!({"role": "user", "content": other});
        let asked = [&begun[..], &[&other]].concat();
        let done =
            json!({"role": "assistant", "content": format!("That is all, number {number}.")});
        let answered = answer(&format!("chatcmpl-3{number}"), &done, "stop");
        tape.call(1, &chat(&asked), "200 OK", &answered);
    }
    let judged = json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
        {"flagged": true, "categories": {"violence": true}, "category_scores": {"violence": 0.9}}]});
    let judge = json!({"model": "omni-moderation-latest", "input": "That is all, number 1."});
    tape.call(1, &("/v1/moderations", judge), "200 OK", &judged);
    let texts = json!({"model": "text-embedding-3-small", "input": ["Oslo", "Bergen"]});
    let embedded = json!({"object": "list", "model": "text-embedding-3-small",
        "data": [{"embedding": [0.5], "index": 0}], "usage": {"prompt_tokens": 2, "total_tokens": 2}});
    tape.call(2, &("/v1/embeddings", texts), "200 OK", &embedded);
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(tape.lines.as_bytes()).unwrap();
    file
}

fn chat(messages: &[&Value]) -> (&'static str, Value) {
    let tools: Value = serde_json::from_str(TOOLS).unwrap();
    let body = json!({"model": "gpt-5", "messages": messages, "tools": tools});
    ("/v1/chat/completions", body)
}

fn answer(id: &str, message: &Value, reason: &str) -> Value {
    json!({"id": id, "model": "gpt-5-2025-08-07",
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}})
}

impl Tape {
    fn line(&mut self, line: &Value) {
        self.lines.push_str(&line.to_string());
        self.lines.push('\n');
    }

    fn call(&mut self, process: u64, (path, body): &(&str, Value), status: &str, said: &Value) {
        self.connections += 1;
        let connection = json!([process, self.connections, 1]);
        let (body, said) = (body.to_string(), said.to_string());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: api.openai.com\r\nauthorization: Bearer sk-none\r\n\
             user-agent: OpenAI/Python 2.8.0\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{said}",
            said.len()
        );
        for (direction, text) in [("out", &request), ("in", &response)] {
            self.at += 200_000;
            let at = self.at;
            self.line(
                &json!({"at": at, "connection": connection, "direction": direction,
                "offset": 0, "turn": 0, "text": text}),
            );
        }
        let counts = json!({"outbound": request.len(), "inbound": response.len(), "turns": 0});
        let at = self.at;
        self.line(&json!({"at": at, "connection": connection, "close": counts}));
    }
}
