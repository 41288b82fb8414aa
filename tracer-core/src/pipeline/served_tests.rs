//! Connections that the process serves.

use super::tests::{ANSWER, Connection, Host, Seen};
use crate::{
    detect::Role,
    http::h2::frames::{Compression, PREFACE, SETTINGS, data, frame},
    llm::call::{Call, CallFacts, CaptureState, OtherEnd, Released},
    pipeline::{Output, PipelineConfig},
    policy::release,
    segment::Direction::{Inbound, Outbound},
    semconv::{self, Metric, SpanKind, Value},
    time::Timestamp,
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
    let call = released(call);
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
        ..
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
fn a_body_that_is_no_request_of_mcp_is_none() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Inbound, request("POST /shop", r#"{"items":[]}"#));
    host.send(&mut on, Outbound, answer("{}"));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full, Verdict::HeadOnlyServed]);
    assert!(seen.calls.is_empty());
}

/// A request that no API has.
fn page() -> String {
    "GET /index.html HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n".to_owned()
}

fn serve_pages(host: &mut Host, on: &mut Connection, count: usize) {
    for _ in 0..count {
        host.send(on, Inbound, page());
        host.send(on, Outbound, answer("{}"));
    }
}

#[test]
fn a_server_of_anything_else_is_left_after_a_few_exchanges_and_soon_at_the_first() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    serve_pages(&mut host, &mut on, 7);
    assert_eq!(host.outputs().verdicts, [Verdict::HeadOnlyServed]);
    serve_pages(&mut host, &mut on, 1);
    assert_eq!(host.outputs().verdicts, [Verdict::Ignore]);
    assert_eq!(host.pipeline.stats().server_connections, 1);
    for number in 2..=40 {
        let mut on = Host::connection(number);
        serve_pages(&mut host, &mut on, 8);
        host.outputs();
    }
    let mut on = Host::connection(99);
    serve_pages(&mut host, &mut on, 1);
    assert_eq!(host.outputs().verdicts, [Verdict::Ignore]);
    // Another process is not known that well.
    let mut other = Host::connection_of(2, 1);
    serve_pages(&mut host, &mut other, 1);
    assert_eq!(host.outputs().verdicts, [Verdict::HeadOnlyServed]);
}

#[test]
fn a_server_of_models_is_followed_whatever_else_it_serves() {
    let mut host = Host::new(PipelineConfig::default());
    let mut first = Host::connection(1);
    host.send(&mut first, Inbound, chat());
    host.send(&mut first, Outbound, answer(ANSWER));
    let mut second = Host::connection(2);
    host.outputs();
    serve_pages(&mut host, &mut second, 100);
    host.send(&mut second, Inbound, chat());
    host.send(&mut second, Outbound, answer(ANSWER));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::HeadOnlyServed, Verdict::Full]);
    assert_eq!(seen.calls.len(), 1);
}

#[test]
fn over_http2_a_server_of_anything_else_is_left() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Inbound, PREFACE);
    // SETTINGS, and HEADERS with `:method: GET` and `:path: /`.
    host.send(&mut on, Inbound, b"\0\0\0\x04\0\0\0\0\0");
    for stream in 0..8 {
        assert!(host.outputs().verdicts.is_empty());
        let head = [0, 0, 2, 1, 5, 0, 0, 0, stream * 2 + 1, 0x82, 0x84];
        host.send(&mut on, Inbound, head);
    }
    assert_eq!(host.outputs().verdicts, [Verdict::Ignore]);
}

/// The host names a model server; the request does not.
#[test]
fn a_host_says_nothing_of_what_is_served() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = |path, body| {
        let request = request(path, body).replace(", text/event-stream", "");
        request.replace("tools.example", "api.openai.com")
    };
    for (path, body) in [
        ("GET /v1/models", ""),
        ("POST /v1/responses", r#"{"answers":[]}"#),
    ] {
        host.send(&mut on, Inbound, request(path, body));
        host.send(&mut on, Outbound, answer("{}"));
    }
    let seen = host.outputs();
    assert!(seen.calls.is_empty());
    assert_eq!(seen.verdicts.last(), Some(&Verdict::HeadOnlyServed));
}

fn chat() -> String {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"canary"}]}"#;
    request("POST /v1/chat/completions", body)
}

/// A stream of three chunks with the usage behind it.
fn stream() -> Vec<String> {
    let delta = r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}"#;
    let usage =
        r#"{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}}"#;
    let chunk = |event: &str| format!("{:x}\r\ndata: {event}\n\n\r\n", event.len() + 8);
    vec![
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_owned(),
        chunk(delta),
        chunk(delta),
        chunk(delta),
        chunk(usage),
        chunk("[DONE]"),
        "0\r\n\r\n".to_owned(),
    ]
}

fn released(call: &CallFacts) -> Call<Released> {
    release(Call::captured(call.clone()))
}

fn metrics(call: &CallFacts) -> Vec<Metric> {
    let measurements = semconv::measurements(&released(call));
    measurements.iter().map(|it| it.metric).collect()
}

#[test]
fn a_stream_that_is_served_is_measured_as_servers_are() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Inbound, chat());
    for piece in stream() {
        host.send(&mut on, Outbound, piece);
    }
    let calls = host.outputs().calls;
    let call = released(&calls[0]);
    let span = semconv::span(&call);
    assert_eq!(
        (span.kind, span.name.as_str()),
        (SpanKind::Server, "chat m")
    );
    let server = Some(&Value::Str("tools.example".into()));
    assert_eq!(span.attribute("server.address"), server);
    assert_eq!(
        span.attribute("gen_ai.usage.output_tokens"),
        Some(&Value::Int(9))
    );
    assert_eq!(span.attribute("llm_tracer.usage.elsewhere"), None);
    // A millisecond from each piece to the next.
    let measured: Vec<_> = semconv::measurements(&call)
        .into_iter()
        .map(|it| (it.metric, it.values))
        .collect();
    let expected = [
        (Metric::ServerTimeToFirstToken, vec![0.002]),
        (Metric::ServerTimePerOutputToken, vec![0.002 / 8.0]),
        (Metric::ServerRequestDuration, vec![0.006]),
    ];
    assert_eq!(measured, expected);
    let attributes = &semconv::measurements(&call)[0].attributes;
    assert!(attributes.iter().all(|(name, _)| name != "server.address"));
}

/// Both ends of a connection between two processes.
struct Ends {
    app: Connection,
    model: Connection,
}

impl Ends {
    fn new(number: u64) -> Self {
        Self {
            app: Host::connection_of(1, number),
            model: Host::connection_of(2, number),
        }
    }

    /// A request reaches the server in pieces of this size.
    fn ask(&mut self, host: &mut Host, request: &str, size: usize) {
        host.send(&mut self.app, Outbound, request);
        for piece in request.as_bytes().chunks(size) {
            host.send(&mut self.model, Inbound, piece);
        }
    }

    fn answer(&mut self, host: &mut Host, size: usize) {
        for piece in stream() {
            host.send(&mut self.model, Outbound, &piece);
            for piece in piece.as_bytes().chunks(size) {
                host.send(&mut self.app, Inbound, piece);
            }
        }
    }
}

fn by_side(calls: Vec<CallFacts>) -> [Vec<CallFacts>; 2] {
    let (made, served) = calls
        .into_iter()
        .partition(|call| call.role == Role::Client);
    [made, served]
}

/// Each call at both ends, whole, and counted where it was made.
fn assert_paired(calls: Vec<CallFacts>, count: usize) {
    let [made, served] = by_side(calls);
    assert_eq!([made.len(), served.len()], [count; 2]);
    for (made, served) in made.iter().zip(&served) {
        assert!(matches!(made.other_end, OtherEnd::Known(_)));
        assert_eq!(made.other_end, served.other_end);
        assert_eq!(made.usage, served.usage);
        let [client, server] = [made, served].map(|call| semconv::span(&released(call)));
        assert_eq!(
            (client.kind, server.kind),
            (SpanKind::Client, SpanKind::Server)
        );
        assert_eq!(client.pair, server.pair);
        assert_eq!(
            client.attribute("gen_ai.usage.input_tokens"),
            Some(&Value::Int(5))
        );
        assert_eq!(server.attribute("gen_ai.usage.input_tokens"), None);
        let elsewhere = server.attribute("llm_tracer.usage.elsewhere");
        assert_eq!(elsewhere, Some(&Value::Bool(true)));
        assert_eq!(client.attribute("llm_tracer.usage.elsewhere"), None);
        assert!(metrics(made).contains(&Metric::TokenUsage));
        assert!(
            metrics(served)
                .iter()
                .all(|metric| metric.name().contains("server"))
        );
    }
}

#[test]
fn both_ends_of_a_call_are_one_pair_however_it_is_cut() {
    for size in [1, 7, 100, 10_000] {
        let mut host = Host::new(PipelineConfig::default());
        let mut ends = Ends::new(1);
        for _ in 0..3 {
            ends.ask(&mut host, &chat(), size);
            ends.answer(&mut host, size);
        }
        assert_paired(host.outputs().calls, 3);
    }
}

/// The client's write may be told after the read of what it wrote.
#[test]
fn the_server_may_be_seen_first() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = Ends::new(1);
    host.send(&mut ends.model, Inbound, chat());
    host.send(&mut ends.app, Outbound, chat());
    ends.answer(&mut host, 100);
    assert_paired(host.outputs().calls, 1);
}

/// The client lost the processor behind its write, and comes back to it when all is over, and the
/// server has left.
#[test]
fn the_server_may_be_over_before_the_client_is_seen() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = Ends::new(1);
    host.send(&mut ends.model, Inbound, chat());
    for piece in stream() {
        host.send(&mut ends.model, Outbound, piece);
    }
    host.pipeline
        .close(ends.model.id, Timestamp::default(), None);
    assert!(
        host.pipeline
            .poll()
            .is_some_and(|it| matches!(it, Output::Verdict(..)))
    );
    assert!(host.pipeline.poll().is_none(), "it waits");
    host.send(&mut ends.app, Outbound, chat());
    for piece in stream() {
        host.send(&mut ends.app, Inbound, piece);
    }
    let [made, served] = by_side(host.outputs().calls);
    assert!(matches!(made[0].other_end, OtherEnd::Known(_)));
    assert_eq!(made[0].other_end, served[0].other_end);
}

#[test]
fn a_call_whose_client_does_not_show_leaves_soon() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Inbound, chat());
    host.send(&mut on, Outbound, answer(ANSWER));
    let _verdict = host.pipeline.poll();
    assert!(host.pipeline.poll().is_none());
    host.pipeline
        .advance(Timestamp::from_unix_nanos(2_000_000_000));
    assert!(matches!(host.pipeline.poll(), Some(Output::Call(_))));
}

#[test]
fn requests_that_are_alike_are_told_apart_by_their_connections() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = [Ends::new(1), Ends::new(2)];
    for (number, ends) in ends.iter_mut().enumerate() {
        let chat = chat().replace("canary", &format!("canar{number}"));
        ends.ask(&mut host, &chat, 100);
        ends.answer(&mut host, 100);
    }
    assert_paired(host.outputs().calls, 2);
    let [one, other] = &mut ends;
    host.send(&mut one.app, Outbound, chat());
    host.send(&mut other.app, Outbound, chat());
    host.send(&mut other.model, Inbound, chat());
    host.send(&mut one.model, Inbound, chat());
    one.answer(&mut host, 100);
    other.answer(&mut host, 100);
    assert_paired(host.outputs().calls, 2);
}

#[test]
fn requests_that_are_alike_on_new_connections_stay_unclear_but_are_counted_once() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = [Ends::new(1), Ends::new(2)];
    for ends in &mut ends {
        host.send(&mut ends.app, Outbound, chat());
    }
    for ends in &mut ends {
        host.send(&mut ends.model, Inbound, chat());
    }
    for ends in &mut ends {
        ends.answer(&mut host, 100);
    }
    let [made, served] = by_side(host.outputs().calls);
    assert!(made.iter().all(|call| call.other_end == OtherEnd::Unclear));
    assert!(made.iter().all(|call| !call.is_counted_elsewhere()));
    for call in &served {
        assert_eq!(call.other_end, OtherEnd::Unclear);
        let span = semconv::span(&released(call));
        assert_eq!(span.pair, None);
        assert_eq!(span.attribute("gen_ai.usage.input_tokens"), None);
    }
}

#[test]
fn a_loss_at_one_end_leaves_the_call_without_the_other() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = Ends::new(1);
    let chat = chat();
    host.send(&mut ends.app, Outbound, &chat);
    let (seen, rest) = chat.split_at(chat.len() - 30);
    host.send(&mut ends.model, Inbound, seen);
    host.lose(&mut ends.model, Inbound, &rest[..10]);
    host.send(&mut ends.model, Inbound, &rest[10..]);
    ends.answer(&mut host, 100);
    let [made, served] = by_side(host.outputs().calls);
    assert_eq!(made[0].other_end, OtherEnd::Unknown);
    assert_eq!(served[0].other_end, OtherEnd::Unknown);
    assert_eq!(served[0].capture, CaptureState::Gap);
}

/// A gateway whose client is elsewhere: its own call tells the tokens.
#[test]
fn what_a_process_passes_on_is_counted_where_it_was_passed_on() {
    let mut host = Host::new(PipelineConfig::default());
    let mut outer = Host::connection_of(2, 1);
    let mut inner = Host::connection_of(2, 2);
    host.send(&mut outer, Inbound, chat());
    host.send(
        &mut inner,
        Outbound,
        chat().replace("tools.example", "api.openai.com"),
    );
    for piece in stream() {
        host.send(&mut inner, Inbound, &piece);
        host.send(&mut outer, Outbound, &piece);
    }
    // The next one it answers by itself.
    host.send(&mut outer, Inbound, chat());
    for piece in stream() {
        host.send(&mut outer, Outbound, &piece);
    }
    let [made, served] = by_side(host.outputs().calls);
    let tokens = |call| {
        let span = semconv::span(&released(call));
        span.attribute("gen_ai.usage.output_tokens").is_some()
    };
    assert!(made.iter().all(tokens));
    let served: Vec<_> = served.iter().map(tokens).collect();
    assert_eq!(served, [false, true]);
}

#[test]
fn both_ends_of_a_request_of_mcp_are_a_pair() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = Ends::new(1);
    ends.ask(&mut host, &call(), 50);
    host.send(&mut ends.model, Outbound, answer(RESULT));
    host.send(&mut ends.app, Inbound, answer(RESULT));
    let [made, served] = by_side(host.outputs().calls);
    assert!(matches!(served[0].other_end, OtherEnd::Known(_)));
    assert_eq!(made[0].other_end, served[0].other_end);
}

/// Streams of one connection, answered in another order than they were asked.
#[test]
fn both_ends_are_found_over_http2() {
    let mut host = Host::new(PipelineConfig::default());
    let mut ends = Ends::new(1);
    let (mut requests, mut responses) = (Compression::default(), Compression::default());
    let mut ask = |bytes: Vec<u8>, host: &mut Host| {
        host.send(&mut ends.app, Outbound, &bytes);
        host.send(&mut ends.model, Inbound, &bytes);
    };
    ask([PREFACE, &frame(SETTINGS, 0, 0, b"")].concat(), &mut host);
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "model.example"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
    ];
    let head = [(":status", "200"), ("content-type", "application/json")];
    for stream in [1, 3] {
        let body =
            format!(r#"{{"model":"m{stream}","messages":[{{"role":"user","content":"x"}}]}}"#);
        let asked = requests.headers(stream, &fields, 0);
        ask(
            [asked, data(stream, body.as_bytes(), 16)].concat(),
            &mut host,
        );
    }
    for stream in [3, 1] {
        let answered = responses.headers(stream, &head, 0);
        let bytes = [answered, data(stream, ANSWER.as_bytes(), 16)].concat();
        host.send(&mut ends.model, Outbound, &bytes);
        host.send(&mut ends.app, Inbound, &bytes);
    }
    let [made, served] = by_side(host.outputs().calls);
    assert_eq!([made.len(), served.len()], [2, 2]);
    for (made, served) in made.iter().zip(&served) {
        assert_eq!(made.request.model, served.request.model);
        assert!(matches!(served.other_end, OtherEnd::Known(_)));
        assert_eq!(made.other_end, served.other_end);
    }
}
