//! What streams of HTTP/2 carry behind a CONNECT.

use super::tests::{ANSWER, Connection, Host, Seen};
use crate::{
    http::{
        h2::frames::{Compression, DATA, PREFACE, RST_STREAM, SETTINGS, frame},
        head::HttpVersion,
    },
    llm::call::{CaptureState, Outcome},
    pipeline::PipelineConfig,
    segment::Direction::{Inbound, Outbound},
    verdict::Verdict,
};

/// A process that opens tunnels on one connection.
struct Client {
    host: Host,
    on: Connection,
    requests: Compression,
    responses: Compression,
    /// Bytes of a read or write.
    piece: usize,
}

impl Client {
    fn new(piece: usize) -> Self {
        let mut client = Self {
            host: Host::new(PipelineConfig::default()),
            on: Host::connection(1),
            requests: Compression::default(),
            responses: Compression::default(),
            piece,
        };
        client.send(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat());
        client.receive(&frame(SETTINGS, 0, 0, b""));
        client
    }

    fn send(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(self.piece) {
            self.host.send(&mut self.on, Outbound, piece);
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(self.piece) {
            self.host.send(&mut self.on, Inbound, piece);
        }
    }

    fn ask(&mut self, stream: u32, fields: &[(&str, &str)]) {
        let fields = [&[(":method", "CONNECT")], fields].concat();
        let head = self.requests.headers(stream, &fields, 0);
        self.send(&head);
    }

    fn answer(&mut self, stream: u32, status: &str) {
        let head = self.responses.headers(stream, &[(":status", status)], 0);
        self.receive(&head);
    }

    /// A session with a model.
    fn open_session(&mut self, stream: u32) {
        self.ask(stream, &REALTIME);
        self.answer(stream, "200");
    }

    /// A connection through a proxy.
    fn open_tunnel(&mut self, stream: u32) {
        self.ask(stream, &[(":authority", "api.openai.com:443")]);
        self.answer(stream, "200");
    }

    fn writes(&mut self, stream: u32, bytes: &[u8]) {
        self.send(&frame(DATA, 0, stream, bytes));
    }

    fn reads(&mut self, stream: u32, bytes: &[u8]) {
        self.receive(&frame(DATA, 0, stream, bytes));
    }

    fn seen(&mut self) -> Seen {
        self.host.outputs()
    }
}

const REALTIME: [(&str, &str); 4] = [
    (":scheme", "https"),
    (":authority", "api.openai.com"),
    (":path", "/v1/realtime?model=gpt-realtime&key=canary"),
    (":protocol", "websocket"),
];
const CREATE: &str = r#"{"type":"response.create"}"#;
const CREATED: &str = r#"{"type":"response.created","response":{"id":"r"}}"#;
const DONE: &str = r#"{"type":"response.done","response":{"id":"r","status":"completed","usage":{"input_tokens":3,"output_tokens":4}}}"#;

/// A message in one frame, with a mask of zeros if the client sends it.
fn message(masked: bool, text: &str) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let length = u16::try_from(text.len()).expect("short").to_be_bytes();
    let mut frame = vec![0x81];
    match text.len() {
        short @ ..126 => frame.push(mask | u8::try_from(short).expect("short")),
        _ => frame.extend([mask | 126, length[0], length[1]]),
    }
    frame.extend_from_slice(if masked { &[0; 4] } else { &[] });
    frame.extend_from_slice(text.as_bytes());
    frame
}

fn chat() -> String {
    let body = r#"{"model":"m","messages":[1]}"#;
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: models.example\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn json(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_session_with_a_model_on_a_stream() {
    for piece in [1, 7, usize::MAX] {
        let mut client = Client::new(piece);
        client.open_session(1);
        client.writes(1, &message(true, CREATE));
        client.reads(1, &message(false, CREATED));
        let done = message(false, DONE);
        // One message in two frames of HTTP/2.
        client.reads(1, &done[..20]);
        client.reads(1, &done[20..]);
        let seen = client.seen();
        assert_eq!(seen.verdicts, [Verdict::Full]);
        assert_eq!(seen.calls.len(), 1);
        let facts = &seen.calls[0];
        assert_eq!(facts.http_version, HttpVersion::H2);
        assert_eq!(facts.api.0, "openai.realtime");
        assert_eq!(facts.path, "/v1/realtime");
        assert_eq!(facts.request.model.as_deref(), Some("gpt-realtime"));
        assert_eq!(facts.response.status, Some(200));
        assert_eq!((facts.usage.input, facts.usage.output), (Some(3), Some(4)));
        assert_eq!(facts.capture, CaptureState::Complete);
        assert!(!format!("{facts:?}").contains("canary"));
    }
}

#[test]
fn sessions_and_calls_interleave_on_a_connection() {
    let mut client = Client::new(usize::MAX);
    client.open_session(1);
    client.open_session(3);
    for stream in [1, 3] {
        client.writes(stream, &message(true, CREATE));
    }
    for text in [CREATED, DONE] {
        for stream in [3, 1] {
            client.reads(stream, &message(false, text));
        }
    }
    let seen = client.seen();
    assert_eq!(seen.calls.len(), 2);
    let complete = |facts: &crate::llm::call::CallFacts| facts.usage.output == Some(4);
    assert!(seen.calls.iter().all(complete));
}

#[test]
fn a_turn_ends_with_its_stream() {
    let mut client = Client::new(usize::MAX);
    client.open_session(1);
    client.writes(1, &message(true, CREATE));
    client.reads(1, &message(false, CREATED));
    client.receive(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    let seen = client.seen();
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(seen.calls[0].outcome, Outcome::Cancelled);
}

#[test]
fn a_handshake_that_is_refused_is_a_failed_call() {
    let mut client = Client::new(usize::MAX);
    client.ask(1, &REALTIME);
    client.answer(1, "401");
    let seen = client.seen();
    assert_eq!(seen.calls.len(), 1);
    let error_type = "401".to_owned();
    assert_eq!(seen.calls[0].outcome, Outcome::Failed { error_type });
    assert_eq!(seen.calls[0].response.status, Some(401));
}

#[test]
fn a_loss_in_a_session_is_said() {
    let mut client = Client::new(usize::MAX);
    client.open_session(1);
    // Long enough for the kernel to follow the connection in full.
    for _ in 0..2_000 {
        client.reads(1, &message(false, r#"{"type":"rate_limits.updated"}"#));
    }
    client.writes(1, &message(true, CREATE));
    client.reads(1, &message(false, CREATED));
    let delta = message(
        false,
        r#"{"type":"response.output_text.delta","response_id":"r"}"#,
    );
    let lost = frame(DATA, 0, 1, &delta);
    client.receive(&lost[..20]);
    client.host.lose(&mut client.on, Inbound, &lost[20..]);
    client.reads(1, &message(false, DONE));
    let seen = client.seen();
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(seen.calls[0].capture, CaptureState::Gap);
    assert_eq!(seen.calls[0].usage.output, Some(4));
}

#[test]
fn plain_text_in_a_tunnel_is_read_on() {
    for piece in [1, 100, usize::MAX] {
        let mut client = Client::new(piece);
        client.open_tunnel(1);
        for _ in 0..2 {
            client.writes(1, chat().as_bytes());
            client.reads(1, json(ANSWER).as_bytes());
        }
        client.host.close(&client.on.clone());
        let seen = client.seen();
        assert_eq!((seen.calls.len(), seen.lost), (2, 0));
        assert_eq!(seen.verdicts, [Verdict::Full]);
        let facts = &seen.calls[1];
        assert_eq!(facts.http_version, HttpVersion::H11);
        assert_eq!(
            facts.host.as_ref().map(|host| &*host.name),
            Some("models.example")
        );
        assert_eq!(facts.usage.output, Some(4));
        assert_eq!(facts.capture, CaptureState::Complete);
    }
}

#[test]
fn tls_in_tunnels_is_left_and_ends_the_connection_in_time() {
    let mut client = Client::new(usize::MAX);
    for number in 0..31 {
        client.open_tunnel(2 * number + 1);
        client.writes(2 * number + 1, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03");
        client.reads(2 * number + 1, b"\x16\x03\x03\0\x7a\x02");
    }
    assert!(client.seen().verdicts.is_empty());
    client.open_tunnel(63);
    client.writes(63, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03");
    let seen = client.seen();
    assert_eq!(seen.verdicts, [Verdict::Ignore]);
    assert!(seen.calls.is_empty());
}

#[test]
fn tunnels_within_tunnels_are_not_followed() {
    let mut client = Client::new(usize::MAX);
    let mut inner = Compression::default();
    client.open_tunnel(1);
    client.writes(1, &[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat());
    let connect = [(":method", "CONNECT"), (":authority", "models.example:80")];
    client.writes(1, &inner.headers(1, &connect, 0));
    let opened = Compression::default().headers(1, &[(":status", "200")], 0);
    client.reads(1, &[frame(SETTINGS, 0, 0, b""), opened].concat());
    client.writes(1, &frame(DATA, 0, 1, chat().as_bytes()));
    client.reads(1, &frame(DATA, 0, 1, json(ANSWER).as_bytes()));
    client.host.close(&client.on.clone());
    assert!(client.seen().calls.is_empty());
}
