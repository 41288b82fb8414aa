//! Whole HTTP/2 connections through the pipeline's door.

use super::tests::{ANSWER, Connection, Host, Seen};
use crate::{
    http::{
        h2::frames::{
            Compression, DATA, END_STREAM, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE, data,
            frame,
        },
        head::HttpVersion,
    },
    llm::call::{CaptureState, Outcome},
    pipeline::PipelineConfig,
    policy::release,
    segment::Direction::{Inbound, Outbound},
    semconv,
    verdict::Verdict,
};

/// A process that speaks HTTP/2 on one connection.
struct Client {
    host: Host,
    on: Connection,
    requests: Compression,
    responses: Compression,
}

impl Client {
    /// One that was seen from its beginning.
    fn new() -> Self {
        let mut client = Self::late();
        client.send([PREFACE, &frame(SETTINGS, 0, 0, b"")].concat());
        client.receive(frame(SETTINGS, 0, 0, b""));
        client
    }

    /// One of which nothing was seen yet.
    fn late() -> Self {
        Self {
            host: Host::new(PipelineConfig::default()),
            on: Host::connection(1),
            requests: Compression::default(),
            responses: Compression::default(),
        }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.host.send(&mut self.on, Outbound, bytes);
    }

    fn receive(&mut self, bytes: impl AsRef<[u8]>) {
        self.host.send(&mut self.on, Inbound, bytes);
    }

    fn request(&mut self, stream: u32, host: &str, path: &str, body: &str) -> Vec<u8> {
        let fields = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", host),
            (":path", path),
            ("authorization", "Bearer canary"),
            ("content-type", "application/json"),
        ];
        [
            self.requests.headers(stream, &fields, 0),
            data(stream, body.as_bytes(), 16),
        ]
        .concat()
    }

    fn chat(&mut self, stream: u32) -> Vec<u8> {
        self.request(stream, "api.openai.com", "/v1/chat/completions", CHAT)
    }

    fn head(&mut self, stream: u32, content_type: &str) -> Vec<u8> {
        let fields = [(":status", "200"), ("content-type", content_type)];
        self.responses.headers(stream, &fields, 0)
    }

    fn answer(&mut self, stream: u32) -> Vec<u8> {
        [
            self.head(stream, "application/json"),
            data(stream, ANSWER.as_bytes(), 64),
        ]
        .concat()
    }

    fn close(&mut self) {
        self.host.close(&self.on);
    }

    fn seen(&mut self) -> Seen {
        self.host.outputs()
    }
}

const CHAT: &str = r#"{"model":"m","messages":[{"role":"user","content":"canary"}]}"#;

#[test]
fn calls_interleave_on_a_connection() {
    let mut client = Client::new();
    let streams: Vec<u32> = (0..100).map(|number| 2 * number + 1).collect();
    let all = |make: &mut dyn FnMut(u32) -> Vec<u8>| -> Vec<Vec<u8>> {
        streams.iter().map(|stream| make(*stream)).collect()
    };
    for request in all(&mut |stream| client.chat(stream)) {
        client.send(request);
    }
    for head in all(&mut |stream| client.head(stream, "text/event-stream")) {
        client.receive(head);
    }
    let event = "data: {\"id\":\"c\",\"model\":\"m-1\",\"choices\":[{\"delta\":{\"content\":\"canary\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
    for part in event.as_bytes().chunks(40) {
        for piece in all(&mut |stream| frame(DATA, 0, stream, part)) {
            client.receive(piece);
        }
    }
    for end in all(&mut |stream| frame(DATA, END_STREAM, stream, b"")) {
        client.receive(end);
    }
    client.close();
    let seen = client.seen();
    assert_eq!(seen.verdicts, [Verdict::Full]);
    assert_eq!((seen.calls.len(), seen.lost), (100, 0));
    for call in &seen.calls {
        assert_eq!(call.usage.output, Some(4));
        assert_eq!(call.response.status, Some(200));
        assert_eq!(call.path, "/v1/chat/completions");
        assert_eq!(call.http_version, HttpVersion::H2);
        assert_eq!(call.capture, CaptureState::Complete);
        assert_eq!(call.outcome, Outcome::Success);
    }
    assert_eq!(client.host.pipeline.stats().http2_connections, 1);
}

#[test]
fn a_stream_that_is_reset_is_cancelled_and_others_go_on() {
    let mut client = Client::new();
    let requests = [client.chat(1), client.chat(3)].concat();
    client.send(requests);
    let head = client.head(1, "text/event-stream");
    client.receive(head);
    client.send(frame(RST_STREAM, 0, 1, b"\0\0\0\x08"));
    let answer = client.answer(3);
    client.receive(answer);
    let outcomes: Vec<_> = client
        .seen()
        .calls
        .iter()
        .map(|c| c.outcome.clone())
        .collect();
    assert_eq!(outcomes, [Outcome::Cancelled, Outcome::Success]);
}

#[test]
fn other_traffic_is_ignored_and_never_followed_by_heads() {
    let mut client = Client::new();
    for number in 0..40 {
        let stream = 2 * number + 1;
        let request = client.request(stream, "example.com", "/upload", "{}");
        client.send(request);
        let answer = client.answer(stream);
        client.receive(answer);
    }
    client.close();
    assert_eq!(client.seen().verdicts, [Verdict::Ignore]);
    assert_eq!(client.host.pipeline.stats().exchanges, 32);
}

#[test]
fn other_traffic_beside_a_call_does_not_end_it() {
    let mut client = Client::new();
    let chat = client.request(1, "llm.example", "/v1/chat/completions", CHAT);
    client.send(chat);
    for number in 1..20 {
        let stream = 2 * number + 1;
        let request = client.request(stream, "llm.example", "/metrics", "{}");
        client.send(request);
        let answer = client.answer(stream);
        client.receive(answer);
    }
    let answer = client.answer(1);
    client.receive(answer);
    let seen = client.seen();
    assert_eq!((seen.calls.len(), seen.verdicts), (1, vec![Verdict::Full]));
}

#[test]
fn lost_requests_are_counted_by_their_streams() {
    let mut client = Client::new();
    for number in 0..6 {
        let stream = 2 * number + 1;
        let (request, answer) = (client.chat(stream), client.answer(stream));
        if matches!(number, 2 | 3) {
            client.host.lose(&mut client.on, Outbound, request);
            client.host.lose(&mut client.on, Inbound, answer);
        } else {
            client.send([request, frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")].concat());
            client.receive([answer, frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")].concat());
        }
    }
    client.close();
    let seen = client.seen();
    assert_eq!((seen.calls.len(), seen.lost), (4, 2));
    let captures: Vec<_> = seen.calls.iter().map(|call| call.capture).collect();
    // What was lost of the answers may have been of the one that was due.
    let (whole, gap, headers) = (
        CaptureState::Complete,
        CaptureState::Gap,
        CaptureState::Headers,
    );
    assert_eq!(captures, [whole, whole, gap, headers]);
    assert_eq!(client.host.pipeline.stats().http2_adrift, 2);
}

#[test]
fn calls_of_a_connection_that_was_attached_to_in_its_middle() {
    let mut client = Client::late();
    // What went by: all but its own streams is in the tables of both sides.
    client.chat(1);
    client.answer(1);
    client.receive(b"the rest of some answer\n");
    for stream in [3, 5] {
        let chat = client.chat(stream);
        client.send(chat);
        let answer = [
            client.answer(stream),
            frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0"),
        ]
        .concat();
        client.receive(answer);
    }
    let moved = client.request(
        7,
        "api.openai.com",
        "/v1/responses",
        r#"{"model":"m","input":"hi"}"#,
    );
    client.send(moved);
    let answer = client.answer(7);
    client.receive(answer);
    client.close();
    let seen = client.seen();
    assert_eq!((seen.verdicts, seen.lost), (vec![Verdict::Full], 0));
    let [first, second, third] = seen.calls.as_slice() else {
        panic!("{} calls", seen.calls.len())
    };
    for call in [first, second] {
        assert_eq!(call.api.0, "openai.chat");
        assert_eq!((call.host.as_ref(), call.path.as_str()), (None, ""));
        assert_eq!(call.usage.input, Some(3));
        assert_eq!(call.capture, CaptureState::Headers);
    }
    // The new path is known, the host is not.
    assert_eq!(third.path, "/v1/responses");
    assert_eq!(
        (third.host.as_ref(), third.capture),
        (None, CaptureState::Headers)
    );
}

#[test]
fn http2_in_a_tunnel() {
    let mut client = Client::late();
    client.send("CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n");
    client.receive("HTTP/1.1 200 Connection established\r\n\r\n");
    client.send([PREFACE, &frame(SETTINGS, 0, 0, b"")].concat());
    let request = client.chat(1);
    client.send(request);
    let answer = client.answer(1);
    client.receive(answer);
    client.close();
    let seen = client.seen();
    assert_eq!((seen.calls.len(), seen.lost), (1, 0));
    assert_eq!(seen.calls[0].exchange.0, 1, "the CONNECT was the first");
    assert_eq!(seen.verdicts.last(), Some(&Verdict::Full));
}

#[test]
fn http1_in_a_tunnel_and_bytes_that_follow_its_head_at_once() {
    let mut client = Client::late();
    client.send("CONNECT h:80 HTTP/1.1\r\n\r\n");
    client.receive("HTTP/1.1 200 OK\r\n\r\n");
    let body = CHAT;
    client.send(format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    client.receive(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    ));
    client.close();
    let seen = client.seen();
    assert_eq!((seen.calls.len(), seen.lost), (1, 0));
    assert_eq!(seen.calls[0].usage.input, Some(3));
}

#[test]
fn ciphers_in_a_tunnel_are_ignored() {
    let mut client = Client::late();
    client.send("CONNECT h:443 HTTP/1.1\r\n\r\n");
    client.receive("HTTP/1.1 200 OK\r\n\r\n");
    for _ in 0..3 {
        client.send(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03");
        client.receive(b"\x17\x03\x03\0\x20\xff\xfe\xfd");
    }
    let seen = client.seen();
    assert_eq!(seen.verdicts, [Verdict::HeadOnly, Verdict::Ignore]);
    assert_eq!(client.host.pipeline.stats().opaque_connections, 1);
}

#[test]
fn nothing_secret_and_no_content_is_in_any_span() {
    let mut client = Client::new();
    let request = client.request(1, "api.openai.com", "/v1/chat/completions?key=canary", CHAT);
    client.send(request);
    let answer = client.answer(1);
    client.receive(answer);
    let mut calls = 0;
    while let Some(output) = client.host.pipeline.poll() {
        assert!(!format!("{output:?}").contains("canary"), "{output:?}");
        if let crate::pipeline::Output::Call(call) = output {
            calls += 1;
            let span = semconv::span(&release(*call));
            assert!(!format!("{span:?}").contains("canary"), "{span:?}");
            let version = semconv::Value::Str("2".into());
            assert_eq!(span.attribute("network.protocol.version"), Some(&version));
        }
    }
    assert_eq!(calls, 1);
    assert!(!format!("{:?}", client.host.pipeline).contains("canary"));
}

/// A call over gRPC: its messages are counted, its status is told, its bodies are not decoded.
#[test]
fn grpc_calls_of_known_services() {
    let mut client = Client::new();
    let request = |client: &mut Client, stream, path: &str| {
        let fields = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "api.x.ai"),
            (":path", path),
            ("authorization", "Bearer canary"),
            ("content-type", "application/grpc"),
        ];
        let head = client.requests.headers(stream, &fields, 0);
        [head, data(stream, b"\0\0\0\0\x06canary", 16)].concat()
    };
    let requests = [
        request(&mut client, 1, "/xai_api.Chat/GetCompletionChunk"),
        request(&mut client, 3, "/xai_api.Chat/GetCompletion"),
        request(&mut client, 5, "/etcdserverpb.KV/Range"),
    ];
    client.send(requests.concat());
    let head = client.head(1, "application/grpc");
    client.receive(head);
    for _ in 0..3 {
        client.receive(frame(DATA, 0, 1, b"\0\0\0\0\x06canary"));
    }
    let trailers = |client: &mut Client, stream, head: &[(&str, &str)]| {
        let frame = client.responses.headers(stream, head, END_STREAM);
        client.receive(frame);
    };
    trailers(&mut client, 1, &[("grpc-status", "0")]);
    // An answer that is nothing but trailers.
    trailers(
        &mut client,
        3,
        &[
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-status", "8"),
            ("grpc-message", "canary"),
        ],
    );
    let calls = client.seen().calls;
    assert_eq!(calls.len(), 2);
    let [streamed, refused] = &calls[..] else {
        panic!("two calls");
    };
    assert_eq!(streamed.api.0, "xai.grpc");
    assert_eq!(streamed.response.rpc_status, Some("OK"));
    assert_eq!(
        (streamed.response.chunks, streamed.outcome.clone()),
        (3, Outcome::Success)
    );
    assert_eq!(streamed.capture, CaptureState::Undecodable);
    assert_eq!(streamed.request.body_bytes, 11);
    assert_eq!(refused.response.rpc_status, Some("RESOURCE_EXHAUSTED"));
    let error_type = "RESOURCE_EXHAUSTED".to_owned();
    assert_eq!(refused.outcome, Outcome::Failed { error_type });
}
