//! Connections that the process serves.

use super::tests::{Host, Seen};
use crate::{
    detect::Role,
    http::h2::frames::{Compression, PREFACE, SETTINGS, data, frame},
    llm::call::{CallFacts, CaptureState},
    pipeline::PipelineConfig,
    segment::Direction::{Inbound, Outbound},
    semconv::{self, Metric, SpanKind},
    verdict::Verdict,
};

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"search",
    "_meta":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}}"#;
const RESULT: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]}}"#;

fn request(line: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: tools.example\r\nMcp-Session-Id: s-1\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn call() -> String {
    request("POST /mcp", CALL)
}

fn answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn assert_served(call: &CallFacts) {
    assert_eq!(call.role, Role::Server);
    assert_eq!(call.capture, CaptureState::Complete);
    let call = crate::policy::release(crate::llm::call::Call::captured(call.clone()));
    let span = semconv::span(&call);
    assert_eq!(span.name, "tools/call search");
    assert_eq!(span.kind, SpanKind::Server);
    let parent = span.parent.as_ref().map(|parent| parent.parent_id[0]);
    assert_eq!(parent, Some(0xb7));
    assert_eq!(span.attribute("server.address"), None);
    assert!(span.start < span.end);
    let metrics: Vec<Metric> = semconv::measurements(&call)
        .iter()
        .map(|measurement| measurement.metric)
        .collect();
    assert_eq!(metrics, [Metric::McpServerOperationDuration]);
}

#[test]
fn requests_of_mcp_are_followed_over_http1() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for _ in 0..3 {
        host.send(&mut on, Inbound, call());
        host.send(&mut on, Outbound, answer(RESULT));
    }
    host.close(&on);
    let Seen {
        verdicts,
        calls,
        lost,
    } = host.outputs();
    assert_eq!(verdicts, [Verdict::Full]);
    assert_eq!((calls.len(), lost), (3, 0));
    calls.iter().for_each(assert_served);
}

#[test]
fn requests_of_mcp_are_followed_over_http2() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let (mut requests, mut responses) = (Compression::default(), Compression::default());
    host.send(
        &mut on,
        Inbound,
        [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat(),
    );
    host.send(&mut on, Outbound, frame(SETTINGS, 0, 0, b""));
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "tools.example"),
        (":path", "/mcp"),
        ("content-type", "application/json"),
    ];
    let head = [(":status", "200"), ("content-type", "application/json")];
    for stream in [1, 3] {
        let asked = requests.headers(stream, &fields, 0);
        host.send(
            &mut on,
            Inbound,
            [asked, data(stream, CALL.as_bytes(), 16)].concat(),
        );
    }
    for stream in [3, 1] {
        let answered = responses.headers(stream, &head, 0);
        let body = data(stream, RESULT.as_bytes(), 16);
        host.send(&mut on, Outbound, [answered, body].concat());
    }
    host.close(&on);
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full]);
    assert_eq!((seen.calls.len(), seen.lost), (2, 0));
    seen.calls.iter().for_each(assert_served);
}

#[test]
fn what_was_lost_whole_is_counted_and_the_last_answer_is_no_loss() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Inbound, call());
    host.send(&mut on, Outbound, answer(RESULT));
    host.lose(&mut on, Inbound, call());
    host.lose(&mut on, Outbound, answer(RESULT));
    host.send(&mut on, Inbound, call());
    host.send(&mut on, Outbound, answer(RESULT));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (2, 1));
}

#[test]
fn a_body_that_waits_to_be_let_in_belongs_to_its_request() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = call().replace("Accept:", "Expect: 100-continue\r\nAccept:");
    let (head, body) = request.split_at(request.find("\r\n\r\n").unwrap() + 4);
    host.send(&mut on, Inbound, head);
    host.send(&mut on, Outbound, "HTTP/1.1 100 Continue\r\n\r\n");
    host.send(&mut on, Inbound, body);
    host.send(&mut on, Outbound, answer(RESULT));
    host.send(&mut on, Inbound, call());
    host.send(&mut on, Outbound, answer(RESULT));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (2, 0));
    seen.calls.iter().for_each(assert_served);
}

#[test]
fn what_lets_a_client_in_may_come_first() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for line in ["GET /.well-known/oauth-protected-resource", "OPTIONS /mcp"] {
        let request = request(line, "").replace(", text/event-stream", "");
        host.send(&mut on, Inbound, request);
        host.send(&mut on, Outbound, answer("{}"));
    }
    assert!(host.outputs().verdicts.is_empty());
    host.send(&mut on, Inbound, call());
    host.send(&mut on, Outbound, answer(RESULT));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full]);
    assert_eq!(seen.calls.len(), 1);
    // What comes behind a call is no reason to leave.
    host.send(&mut on, Inbound, request("GET /health", ""));
    host.send(&mut on, Outbound, answer("{}"));
    assert!(host.outputs().verdicts.is_empty());
}

#[test]
fn a_body_that_is_no_request_of_mcp_ends_it() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Inbound, request("POST /shop", r#"{"items":[]}"#));
    host.send(&mut on, Outbound, answer("{}"));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full, Verdict::Ignore]);
    assert!(seen.calls.is_empty());
}
