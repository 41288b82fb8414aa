//! Calls over HTTP/2: header blocks with a dynamic table, bodies in frames, trailers.

use serde_json::{Value, json};

use crate::{
    calls::chat_body,
    frames::{Compression, END_STREAM, PREFACE, SETTINGS, data, frame},
    garden::{Gardener, data as event, named},
    traffic::{Exchange, Origin, Passed},
};

/// Both sides of a connection.
struct Connection {
    requests: Compression,
    responses: Compression,
    stream: u32,
    passed: Vec<Passed>,
}

impl Connection {
    fn new() -> Self {
        let settings = frame(SETTINGS, 0, 0, b"");
        Self {
            requests: Compression::default(),
            responses: Compression::default(),
            stream: 1,
            passed: vec![
                Passed::out(0, [PREFACE, &settings].concat()),
                Passed::inwards(0, settings),
            ],
        }
    }

    /// One request with its answer.
    fn exchange(&mut self, garden: &mut Gardener, asked: Asked<'_>, answered: &[Vec<u8>]) {
        let Asked {
            host,
            path,
            kind,
            body,
        } = asked;
        let path = format!("{path}?key={}", garden.encoded("query"));
        let token = format!("Bearer {}", garden.line("authorization"));
        let cookie = format!("a=b; session={}", garden.line("cookie"));
        let (key, note) = (garden.line("x-api-key"), garden.line("header"));
        let fields = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", host),
            (":path", &path),
            ("content-type", kind),
            ("authorization", &token),
            ("cookie", &cookie),
            ("x-api-key", &key),
            ("x-note", &note),
        ];
        let head = self.requests.headers(self.stream, &fields, 0);
        let body = data(self.stream, body, 1 + garden.random.below(4_000));
        self.passed.push(Passed::out(0, [head, body].concat()));
        let cookie = format!("sid={}; Secure", garden.line("set-cookie"));
        let (debug, note) = (garden.line("answer's header"), garden.line("trailer"));
        let head = [
            (":status", "200"),
            ("content-type", answered_as(kind)),
            ("set-cookie", &cookie),
            ("x-debug", &debug),
        ];
        let mut wire = self.responses.headers(self.stream, &head, 0);
        for piece in answered {
            wire.extend(frame(0, 0, self.stream, piece));
        }
        let trailers = [
            ("grpc-status", "7"),
            ("grpc-message", &*note),
            ("x-note", &note),
        ];
        let trailers = &trailers[if kind == GRPC { 0 } else { 2 }..];
        let trailers = self.responses.headers(self.stream, trailers, END_STREAM);
        wire.extend(trailers);
        self.passed.push(Passed::inwards(0, wire));
        self.stream += 2;
    }

    fn exchanges(self, calls: usize) -> Exchange {
        Exchange {
            is_alone: false,
            calls,
            passed: self.passed,
        }
    }
}

struct Asked<'a> {
    host: &'a str,
    path: &'a str,
    kind: &'a str,
    body: &'a [u8],
}

const JSON: &str = "application/json";
const GRPC: &str = "application/grpc";

fn answered_as(kind: &str) -> &str {
    if kind == JSON {
        "text/event-stream"
    } else {
        kind
    }
}

/// Two on one connection, the second by what the first put into the table.
pub fn chat(garden: &mut Gardener) -> Exchange {
    let mut connection = Connection::new();
    for _ in 0..2 {
        let body = chat_body(garden, true).to_string();
        let piece = |delta: Value| {
            let chunk =
                json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0, "delta": delta}]});
            event(&chunk).into_bytes()
        };
        let text = garden.prose("answer");
        let text = garden.pieces(&text).into_iter();
        let mut answer: Vec<_> = text.map(|it| piece(json!({"content": it}))).collect();
        let refusal = garden.prose("refusal");
        let refusal = garden.pieces(&refusal).into_iter();
        answer.extend(refusal.map(|it| piece(json!({"refusal": it}))));
        answer.push(b"data: [DONE]\n\n".to_vec());
        let asked = Asked {
            host: "api.openai.com",
            path: "/v1/chat/completions",
            kind: JSON,
            body: body.as_bytes(),
        };
        connection.exchange(garden, asked, &answer);
    }
    connection.exchanges(2)
}

pub fn messages(garden: &mut Gardener) -> Exchange {
    let body = json!({
        "model": "claude", "max_tokens": 9, "stream": true,
        "metadata": {"user_id": garden.line("metadata.user_id")},
        "messages": [{"role": "user", "content": [
            {"type": "document", "title": garden.line("title of a document"),
                "source": {"type": "text", "media_type": "text/plain", "data": garden.prose("document")}},
            {"type": "text", "text": garden.prose("prompt")}]}],
    });
    let text = garden.prose("answer");
    let mut answer = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
            "role": "assistant", "model": "claude", "content": []}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ];
    answer.extend(garden.pieces(&text).into_iter().map(|piece| {
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}})
    }));
    answer.push(json!({"type": "content_block_stop", "index": 0}));
    answer.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}));
    answer.push(json!({"type": "message_stop"}));
    let answer: Vec<_> = answer.iter().map(|it| named(it).into_bytes()).collect();
    let (mut connection, body) = (Connection::new(), body.to_string());
    let asked = Asked {
        host: "api.anthropic.com",
        path: "/v1/messages",
        kind: JSON,
        body: body.as_bytes(),
    };
    connection.exchange(garden, asked, &answer);
    connection.exchanges(1)
}

/// Messages that nobody decodes, and a status in words.
pub fn grpc(garden: &mut Gardener) -> Exchange {
    let message = |text: String| {
        let length = u32::try_from(text.len()).unwrap();
        [&[0][..], &length.to_be_bytes(), text.as_bytes()].concat()
    };
    let body = message(garden.plant("message of a request", Origin::Wire));
    let answer = [
        message(garden.plant("message of an answer", Origin::Wire)),
        message(garden.plant("message of an answer", Origin::Wire)),
    ];
    let mut connection = Connection::new();
    let asked = Asked {
        host: "api.x.ai",
        path: "/xai_api.Chat/GetCompletionChunk",
        kind: GRPC,
        body: &body,
    };
    connection.exchange(garden, asked, &answer);
    connection.exchanges(1)
}
