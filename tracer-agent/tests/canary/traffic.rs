//! Calls of several APIs with something planted wherever people could leave it.

use serde_json::{Value, json};

use crate::planted::{Plant, Random, plant};

/// What stands before a plant, in prose: it is no secret.
pub const BEFORE: &str = "The report of last week says that all is well";

/// Which side of the barrier it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A policy may let it out.
    Content,
    /// Nothing lets it out: a header, a query, the message of an error.
    Wire,
}

/// Makes a call of an API.
type Api = fn(&mut Gardener) -> Exchange;

/// A plant and where it stands.
pub struct Planted {
    pub plant: Plant,
    pub api: &'static str,
    pub place: &'static str,
    pub origin: Origin,
}

/// One request with its answer.
pub struct Exchange {
    pub request: String,
    pub response: String,
}

pub struct Traffic {
    pub exchanges: Vec<Exchange>,
    pub planted: Vec<Planted>,
}

impl Traffic {
    /// With so many plants at least.
    pub fn new(plants: usize) -> Self {
        let mut gardener = Gardener {
            random: Random(0x2545_f491_4f6c_dd1d),
            planted: Vec::new(),
            api: "",
        };
        let mut exchanges = Vec::new();
        let apis: [(&str, Api); 8] = [
            ("chat", chat),
            ("chat, streamed", chat_stream),
            ("messages", messages_stream),
            ("gemini", gemini_stream),
            ("responses", responses),
            ("ollama", ollama),
            ("mcp", mcp),
            ("refused", refused),
        ];
        while gardener.planted.len() < plants {
            let (name, api) = apis[exchanges.len() % apis.len()];
            gardener.api = name;
            exchanges.push(api(&mut gardener));
        }
        Self {
            exchanges,
            planted: gardener.planted,
        }
    }
}

struct Gardener {
    random: Random,
    planted: Vec<Planted>,
    api: &'static str,
}

impl Gardener {
    fn plant(&mut self, place: &'static str, origin: Origin) -> String {
        let plant = plant(self.planted.len(), &mut self.random);
        let text = plant.text.clone();
        self.planted.push(Planted {
            plant,
            api: self.api,
            place,
            origin,
        });
        text
    }

    /// Prose with something in it.
    fn prose(&mut self, place: &'static str) -> String {
        let text = self.plant(place, Origin::Content);
        match self.random.below(3) {
            0 => format!("{BEFORE}, and near its end: {text} and nothing else."),
            1 => format!("{BEFORE}:\n{text}\nwas in the log.\n"),
            _ => format!("{BEFORE}.\n| what | value |\n|---|---|\n| it | {text} |\n"),
        }
    }

    /// A document with something in it.
    fn document(&mut self, place: &'static str) -> Value {
        let text = self.plant(place, Origin::Content);
        json!({ "note": format!("see\n{text}\n"), "n": 3 })
    }

    /// One line for a header.
    fn line(&mut self, place: &'static str) -> String {
        self.plant(place, Origin::Wire).replace('\n', " ")
    }

    fn request(&mut self, host: &str, path: &str, body: &Value) -> String {
        let (body, key) = (body.to_string(), self.plant("query", Origin::Wire));
        let query: String = key
            .bytes()
            .map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let (token, cookie) = (self.line("authorization"), self.line("cookie"));
        let (key, note) = (self.line("x-api-key"), self.line("header"));
        format!(
            "POST {path}?key={query} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             cookie: a=b; session={cookie}\r\nx-api-key: {key}\r\nx-note: {note}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn response(&mut self, status: &str, body: &str) -> String {
        let kind = "content-type: application/json";
        self.headed(
            status,
            kind,
            &format!("content-length: {}", body.len()),
            body,
        )
    }

    /// An answer in chunks, one for each event.
    fn stream(&mut self, kind: &str, events: &[String]) -> String {
        let chunk = |event: &String| format!("{:x}\r\n{event}\r\n", event.len());
        let chunks: String = events.iter().map(chunk).collect();
        let body = format!("{chunks}0\r\n\r\n");
        self.headed("200 OK", kind, "transfer-encoding: chunked", &body)
    }

    fn headed(&mut self, status: &str, kind: &str, length: &str, body: &str) -> String {
        let (cookie, debug) = (self.line("set-cookie"), self.line("answer's header"));
        format!(
            "HTTP/1.1 {status}\r\n{kind}\r\nset-cookie: sid={cookie}; Secure\r\nx-debug: {debug}\r\n\
             {length}\r\n\r\n{body}"
        )
    }

    /// A text in pieces of a few characters, as a model gives it.
    fn pieces(&mut self, text: &str) -> Vec<String> {
        let mut chars = text.chars();
        let mut pieces = Vec::new();
        loop {
            let length = 1 + self.random.below(9);
            let piece: String = chars.by_ref().take(length).collect();
            if piece.is_empty() {
                return pieces;
            }
            pieces.push(piece);
        }
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named(value: &Value) -> String {
    let kind = value["type"].as_str().unwrap_or_default();
    format!("event: {kind}\ndata: {value}\n\n")
}

const EVENTS: &str = "content-type: text/event-stream";

/// What is asked of a chat completion: instructions, a turn with a tool, the tool, a question.
fn chat_body(garden: &mut Gardener, stream: bool) -> Value {
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

fn chat(garden: &mut Gardener) -> Exchange {
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
    Exchange {
        request: garden.request("api.openai.com", "/v1/chat/completions", &body),
        response: garden.response("200 OK", &answer.to_string()),
    }
}

fn chat_stream(garden: &mut Gardener) -> Exchange {
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
    Exchange {
        request: garden.request("api.openai.com", "/v1/chat/completions", &body),
        response: garden.stream(EVENTS, &events),
    }
}

fn messages_stream(garden: &mut Gardener) -> Exchange {
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
    Exchange {
        request: garden.request("api.anthropic.com", "/v1/messages", &body),
        response: garden.stream(EVENTS, &events),
    }
}

fn gemini_stream(garden: &mut Gardener) -> Exchange {
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
    Exchange {
        request: garden.request("generativelanguage.googleapis.com", path, &body),
        response: garden.stream(EVENTS, &events),
    }
}

fn responses(garden: &mut Gardener) -> Exchange {
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
    Exchange {
        request: garden.request("api.openai.com", "/v1/responses", &body),
        response: garden.response("200 OK", &answer.to_string()),
    }
}

fn ollama(garden: &mut Gardener) -> Exchange {
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
    Exchange {
        request: garden.request("localhost:11434", "/api/chat", &body),
        response: garden.stream("content-type: application/x-ndjson", &lines),
    }
}

fn mcp(garden: &mut Gardener) -> Exchange {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "look", "arguments": garden.document("arguments")}});
    let answer = json!({"jsonrpc": "2.0", "id": 7, "result": {"isError": false, "content": [
        {"type": "text", "text": garden.prose("result of a tool")}]}});
    Exchange {
        request: garden.request("tools.test", "/mcp", &body),
        response: garden.response("200 OK", &answer.to_string()),
    }
}

/// A provider may quote what it refuses.
fn refused(garden: &mut Gardener) -> Exchange {
    let body = chat_body(garden, false);
    let message = format!(
        "Incorrect API key provided: {}",
        garden.line("message of an error")
    );
    let answer = json!({"error": {
        "message": message, "type": "invalid_request_error", "code": "invalid_api_key"}});
    Exchange {
        request: garden.request("api.openai.com", "/v1/chat/completions", &body),
        response: garden.response("401 Unauthorized", &answer.to_string()),
    }
}
