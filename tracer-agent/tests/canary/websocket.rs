//! Sessions over WebSockets.

use serde_json::{Value, json};

use crate::{
    garden::Gardener,
    traffic::{Exchange, Passed, Way},
};

/// What clients hide their bytes with.
const KEY: [u8; 4] = [0x9c, 0x01, 0x7f, 0xe3];
/// A frame of text, and one that goes on; the last of a message.
const TEXT: u8 = 1;
const LAST: u8 = 0x80;

struct Session {
    passed: Vec<Passed>,
    /// Bytes of a frame.
    fragment: usize,
}

impl Session {
    fn open(garden: &mut Gardener, path: &str) -> Self {
        let mark = if path.contains('?') { '&' } else { '?' };
        let request = format!(
            "GET {path}{mark}key={} HTTP/1.1\r\nHost: api.openai.com\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {}\r\nCookie: a={}\r\nX-Note: {}\r\n\
             Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{}\r\n\r\n",
            garden.encoded("query"),
            garden.line("authorization"),
            garden.line("cookie"),
            garden.line("header"),
            garden.encoded("protocol"),
        );
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Set-Cookie: sid={}\r\n\r\n",
            garden.line("set-cookie"),
        );
        Self {
            passed: vec![Passed::out(0, request), Passed::inwards(0, response)],
            fragment: 1 + garden.random.below(300),
        }
    }

    fn sent(&mut self, message: &Value) {
        let wire = frames(&message.to_string(), self.fragment, Some(KEY));
        self.passed.push(Passed::out(0, wire));
    }

    fn received(&mut self, message: &Value) {
        let wire = frames(&message.to_string(), self.fragment, None);
        match self.passed.last_mut() {
            Some(last) if last.way == Way::In => last.bytes.extend(wire),
            _ => self.passed.push(Passed::inwards(0, wire)),
        }
    }

    fn calls(self, calls: usize) -> Exchange {
        Exchange {
            is_alone: false,
            calls,
            passed: self.passed,
        }
    }
}

/// A message in frames.
fn frames(text: &str, fragment: usize, key: Option<[u8; 4]>) -> Vec<u8> {
    let mut wire = Vec::new();
    let pieces = text.as_bytes().chunks(fragment);
    let last = pieces.len() - 1;
    for (number, piece) in pieces.enumerate() {
        let kind = if number == 0 { TEXT } else { 0 };
        wire.push(kind | if number == last { LAST } else { 0 });
        let masked = if key.is_some() { 0x80 } else { 0 };
        match u8::try_from(piece.len()) {
            Ok(length @ 0..126) => wire.push(masked | length),
            _ => {
                wire.push(masked | 126);
                wire.extend(u16::try_from(piece.len()).unwrap().to_be_bytes());
            }
        }
        wire.extend(key.unwrap_or_default().iter().filter(|_| key.is_some()));
        let key = key.unwrap_or_default();
        let hidden = piece.iter().zip(key.iter().cycle());
        wire.extend(hidden.map(|(byte, key)| byte ^ key));
    }
    wire
}

pub fn realtime(garden: &mut Gardener) -> Exchange {
    let mut session = Session::open(garden, "/v1/realtime?model=gpt-realtime");
    session.received(&json!({"type": "session.created", "session": {"model": "gpt-realtime"}}));
    session.sent(&json!({"type": "session.update", "session": {
        "instructions": garden.line("instructions"),
        "tools": [{"type": "function", "name": "look", "description": garden.line("description of a tool"),
            "parameters": {"type": "object"}}]}}));
    session.sent(
        &json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": garden.line("prompt")}]}}),
    );
    session.sent(
        &json!({"type": "conversation.item.create", "item": {"type": "function_call_output",
        "call_id": "c0", "output": garden.line("result of a tool")}}),
    );
    session.sent(&json!({"type": "response.create",
        "response": {"instructions": garden.line("instructions"), "metadata": {"note": garden.line("metadata")}}}));
    session.received(
        &json!({"type": "conversation.item.input_audio_transcription.completed",
        "item_id": "i1", "transcript": garden.line("transcript of speech")}),
    );
    session.received(&json!({"type": "response.created", "response": {"id": "resp_1"}}));
    let (text, arguments) = (garden.line("answer"), garden.line("arguments"));
    for piece in garden.pieces(&text) {
        session.received(
            &json!({"type": "response.output_text.delta", "response_id": "resp_1", "delta": piece}),
        );
    }
    let transcript = garden.line("transcript of an answer");
    for piece in garden.pieces(&transcript) {
        session.received(&json!({"type": "response.output_audio_transcript.delta",
            "response_id": "resp_1", "delta": piece}));
    }
    for piece in garden.pieces(&arguments) {
        session.received(&json!({"type": "response.function_call_arguments.delta",
            "response_id": "resp_1", "call_id": "c1", "delta": piece}));
    }
    session.received(&json!({"type": "response.done", "response": {"id": "resp_1", "status": "completed",
        "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]},
            {"type": "function_call", "name": "look", "call_id": "c1", "arguments": arguments}],
        "usage": {"input_tokens": 12, "output_tokens": 34, "total_tokens": 46}}}));
    session.sent(&json!({"type": "response.create"}));
    session.received(&json!({"type": "response.created", "response": {"id": "resp_2"}}));
    session.received(
        &json!({"type": "response.done", "response": {"id": "resp_2", "status": "failed",
        "status_details": {"type": "failed", "error": {"type": "server_error", "code": "oops",
            "message": garden.line("message of an error")}}, "usage": null}}),
    );
    session.received(
        &json!({"type": "error", "error": {"type": "invalid_request_error", "code": null,
        "message": garden.line("message of an error"), "event_id": "e0"}}),
    );
    session.calls(2)
}

pub fn responses(garden: &mut Gardener) -> Exchange {
    let mut session = Session::open(garden, "/v1/responses");
    session.sent(&json!({"type": "response.create", "model": "gpt-5",
        "instructions": garden.line("instructions"),
        "input": [{"role": "user", "content": [{"type": "input_text", "text": garden.line("prompt")}]},
            {"type": "function_call_output", "call_id": "c0", "output": garden.line("result of a tool")}],
        "metadata": {"note": garden.line("metadata")}}));
    session.received(&json!({"type": "response.created",
        "response": {"id": "resp_1", "model": "gpt-5-1", "status": "in_progress"}}));
    let text = garden.line("answer");
    for piece in garden.pieces(&text) {
        session.received(
            &json!({"type": "response.output_text.delta", "output_index": 0,
            "content_index": 0, "item_id": "m1", "delta": piece}),
        );
    }
    session.received(
        &json!({"type": "response.completed", "response": {"id": "resp_1",
        "model": "gpt-5-1", "status": "completed", "output": [
            {"id": "m1", "type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": text}]}],
        "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}}),
    );
    session.calls(1)
}
