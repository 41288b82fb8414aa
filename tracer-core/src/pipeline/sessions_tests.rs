//! Sessions of MCP that span connections.

use super::tests::{Connection, Host};
use crate::{
    detect::Role,
    llm::call::{Call, CallFacts, CaptureState, Outcome},
    pipeline::PipelineConfig,
    policy::release,
    segment::Direction::{self, Inbound, Outbound},
    semconv::{self, SpanKind},
    time::Timestamp,
    verdict::Verdict,
};

const ENDPOINT: &str = "event: endpoint\r\ndata: /messages/?session_id=canary\r\n\r\n";

/// A process on one side of a session, with the server's stream on the first of two connections.
struct Side {
    host: Host,
    role: Role,
    stream: Connection,
    posts: Connection,
}

impl Side {
    fn new(role: Role) -> Self {
        Self {
            host: Host::new(PipelineConfig::default()),
            role,
            stream: Host::connection(1),
            posts: Host::connection(2),
        }
    }

    /// The direction in which requests of HTTP go.
    fn there(&self) -> Direction {
        self.role.requests()
    }

    /// The stream is opened and brings `first`.
    fn open(&mut self, get: &str, first: &str) {
        let there = self.there();
        let get =
            format!("{get} HTTP/1.1\r\nHost: tools.example\r\nAccept: text/event-stream\r\n\r\n");
        self.host.send(&mut self.stream, there, get);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
            Transfer-Encoding: chunked\r\n\r\n";
        self.host.send(&mut self.stream, there.opposite(), head);
        self.says(first);
    }

    /// The server says something on its stream.
    fn says(&mut self, event: &str) {
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        let here = self.there().opposite();
        // In two pieces, as any other bytes may come.
        let (head, tail) = chunk.split_at(chunk.len() / 2);
        self.host.send(&mut self.stream, here, head);
        self.host.send(&mut self.stream, here, tail);
    }

    fn end_stream(&mut self) {
        let here = self.there().opposite();
        self.host.send(&mut self.stream, here, "0\r\n\r\n");
    }

    fn posts(&mut self, line: &str, body: &str) {
        let there = self.there();
        let post = format!(
            "{line} HTTP/1.1\r\nHost: tools.example\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.host.send(&mut self.posts, there, post);
    }

    fn accepts(&mut self) {
        let here = self.there().opposite();
        let accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\n\r\nAccepted";
        self.host.send(&mut self.posts, here, accepted);
    }

    fn calls(&mut self) -> Vec<CallFacts> {
        self.host.outputs().calls
    }
}

fn call(id: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"search"}}}}"#)
}

fn result(id: u32) -> String {
    format!(
        "event: message\r\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"isError\":false}}}}\r\n\r\n"
    )
}

fn elsewhere(facts: &CallFacts) -> bool {
    let call = release(Call::captured(facts.clone()));
    let span = semconv::span(&call);
    assert!(!format!("{span:?}").contains("canary"), "{span:?}");
    span.attribute("llm_tracer.mcp.answer_elsewhere").is_some()
}

const POST: &str = "POST /messages/?session_id=canary";

#[test]
fn an_answer_on_the_stream_is_joined_to_its_request() {
    for (role, kind) in [
        (Role::Client, SpanKind::Client),
        (Role::Server, SpanKind::Server),
    ] {
        let mut side = Side::new(role);
        side.open("GET /sse", ENDPOINT);
        // Answers come in any order, and before or after the request is said to be accepted.
        side.posts(POST, &call(1));
        side.accepts();
        side.posts(POST, &call(2));
        side.says(&result(2));
        side.accepts();
        assert_eq!(side.calls().len(), 1);
        side.says(&result(1));
        let calls = side.calls();
        assert_eq!(calls.len(), 1, "{role:?}");
        let facts = &calls[0];
        assert_eq!(facts.request.mcp.as_ref().unwrap().id.as_deref(), Some("1"));
        assert_eq!(facts.outcome, Outcome::Success);
        assert_eq!(facts.capture, CaptureState::Complete);
        assert!(!elsewhere(facts));
        // Request, acceptance, the other call in four steps, and two pieces of the answer.
        let taken = facts.timing.end.since(facts.timing.start).as_millis();
        assert_eq!(taken, 7);
        let call = release(Call::captured(facts.clone()));
        assert_eq!(semconv::span(&call).kind, kind);
    }
}

#[test]
fn errors_on_the_stream_are_those_of_the_request() {
    let mut side = Side::new(Role::Client);
    side.open("GET /sse", ENDPOINT);
    side.posts(POST, &call(1));
    side.accepts();
    side.says("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602}}\n\n");
    let calls = side.calls();
    let error_type = "-32602".to_owned();
    assert_eq!(calls[0].outcome, Outcome::Failed { error_type });
}

#[test]
fn a_request_without_an_answer_is_reported_when_the_stream_ends() {
    let mut side = Side::new(Role::Client);
    side.open("GET /sse", ENDPOINT);
    side.posts(POST, &call(1));
    side.accepts();
    assert!(side.calls().is_empty());
    side.end_stream();
    let calls = side.calls();
    assert_eq!(calls[0].outcome, Outcome::Cancelled);
    assert!(elsewhere(&calls[0]));
    // Whoever asks now is not waited for.
    side.posts(POST, &call(2));
    side.accepts();
    let calls = side.calls();
    assert_eq!(calls[0].outcome, Outcome::Success);
    assert!(elsewhere(&calls[0]));
}

#[test]
fn an_answer_that_may_have_been_lost_is_said_to_be() {
    let mut side = Side::new(Role::Client);
    side.open("GET /sse", ENDPOINT);
    side.posts(POST, &call(1));
    side.accepts();
    let event = result(1);
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    side.host.lose(&mut side.stream, Inbound, chunk);
    side.end_stream();
    side.host.close(&side.stream.clone());
    let calls = side.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].capture, CaptureState::Gap);
    assert!(elsewhere(&calls[0]));
}

#[test]
fn sessions_are_told_apart_by_their_addresses() {
    let mut side = Side::new(Role::Client);
    side.open("GET /sse", ENDPOINT);
    side.posts("POST /messages/?session_id=other", &call(1));
    side.accepts();
    let calls = side.calls();
    assert!(elsewhere(&calls[0]));
    side.says(&result(1));
    assert!(side.calls().is_empty());
}

#[test]
fn addresses_may_be_relative_or_of_another_host() {
    for (address, post) in [
        ("https://tools.example/m?s=1", "POST /m?s=1"),
        ("m?s=1", "POST /a/m?s=1"),
        ("?s=1", "POST /a/sse?s=1"),
    ] {
        let mut side = Side::new(Role::Client);
        side.open(
            "GET /a/sse",
            &format!("event: endpoint\ndata: {address}\n\n"),
        );
        side.posts(post, &call(1).replace("search", "x"));
        side.accepts();
        // The path need not look like one of MCP, but must to be taken for one.
        let known = post.contains("sse");
        side.says(&result(1));
        assert_eq!(side.calls().len(), usize::from(known), "{address}");
    }
}

const ASKED: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[\"canary\"],\
    \"_meta\":{\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}}}\n\n";
const REPLY: &str = r#"{"jsonrpc":"2.0","id":5,"result":{"role":"assistant","content":"canary"}}"#;

/// The other connection carries the reply; here the stream is a response to a request.
#[test]
fn what_the_server_asks_is_a_call_of_its_own() {
    for (role, kind) in [
        (Role::Client, SpanKind::Server),
        (Role::Server, SpanKind::Client),
    ] {
        let mut side = Side::new(role);
        let (there, here) = (side.there(), side.there().opposite());
        let ask = "POST /mcp HTTP/1.1\r\nHost: tools.example\r\nMcp-Session-Id: s\r\n\
            Accept: application/json, text/event-stream\r\n";
        let post = |body: &str| format!("{ask}Content-Length: {}\r\n\r\n{body}", body.len());
        side.host.send(&mut side.stream, there, post(&call(1)));
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        side.host.send(&mut side.stream, here, head);
        side.says(ASKED);
        side.host.send(&mut side.posts, there, post(REPLY));
        side.accepts();
        side.says(&result(1));
        side.end_stream();
        let calls = side.calls();
        assert_eq!(calls.len(), 2, "{role:?}");
        let spans: Vec<_> = calls
            .into_iter()
            .map(|facts| {
                assert!(!elsewhere(&facts));
                assert_eq!(facts.outcome, Outcome::Success);
                semconv::span(&release(Call::captured(facts)))
            })
            .collect();
        assert_eq!(spans[0].name, "sampling/createMessage");
        assert_eq!(spans[0].kind, kind);
        assert_eq!(spans[0].parent.as_ref().map(|parent| parent.flags), Some(1));
        assert!(spans[0].start < spans[0].end);
        assert_eq!(spans[1].name, "tools/call search");
        assert_ne!(spans[1].kind, kind);
    }
}

#[test]
fn what_nobody_replies_to_ends_with_its_stream() {
    let mut side = Side::new(Role::Client);
    side.open("GET /mcp", ASKED);
    assert!(side.calls().is_empty());
    side.end_stream();
    let calls = side.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].outcome, Outcome::Cancelled);
    assert_eq!(calls[0].role, Role::Server);
}

#[test]
fn who_waits_too_long_is_reported_as_open() {
    let mut side = Side::new(Role::Client);
    side.open("GET /mcp", ASKED);
    side.host
        .pipeline
        .advance(Timestamp::from_unix_nanos(1 << 62));
    let calls = side.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].capture, CaptureState::Open);
}

#[test]
fn other_streams_of_events_are_left_at_their_first_event() {
    let mut side = Side::new(Role::Client);
    side.open("GET /prices", "data: {\"price\":1}\n\n");
    side.posts(POST, &call(1));
    side.accepts();
    let seen = side.host.outputs();
    // The stream may be one, and is none; the request is one.
    let stream = [Verdict::Full, Verdict::HeadOnly];
    assert_eq!(seen.verdicts[..2], stream);
    assert!(elsewhere(&seen.calls[0]));
    assert_eq!(side.host.pipeline.stats().open_exchanges, 0);
}

#[test]
fn a_server_without_a_stream_of_its_own_says_so() {
    let mut side = Side::new(Role::Server);
    let get =
        "GET /mcp HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\nMcp-Session-Id: s\r\n\r\n";
    side.host.send(&mut side.posts, Inbound, get);
    let refused = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
    side.host.send(&mut side.posts, Outbound, refused);
    let seen = side.host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full]);
    assert!(seen.calls.is_empty());
}
