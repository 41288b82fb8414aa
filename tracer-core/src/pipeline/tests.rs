//! Whole connections through the pipeline's door.

use std::num::NonZeroUsize;

use super::*;
use crate::{
    http::allow_list::AllowList,
    llm::call::{CallFacts, CaptureState, Outcome},
    policy::release,
    segment::{
        Direction::{self, Inbound, Outbound},
        ProcessKey,
    },
    semconv,
    verdict::Verdict,
};

/// One process with connections to play.
pub(super) struct Host {
    pub(super) pipeline: Pipeline,
    now: Timestamp,
}

/// A connection of it.
#[derive(Clone, Copy)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) counts: FinalCounts,
    read: bool,
}

impl Host {
    pub(super) fn new(config: PipelineConfig) -> Self {
        Self {
            pipeline: Pipeline::new(config),
            now: Timestamp::from_unix_nanos(1_000_000_000),
        }
    }

    pub(super) fn connection(handle: u64) -> Connection {
        let id = ConnectionId {
            process: ProcessKey(1),
            handle,
            generation: 1,
        };
        Connection {
            id,
            counts: FinalCounts::default(),
            read: false,
        }
    }

    pub(super) fn send(
        &mut self,
        on: &mut Connection,
        direction: Direction,
        bytes: impl AsRef<[u8]>,
    ) {
        self.play(on, direction, bytes.as_ref(), true);
    }

    /// The process moved these bytes, but nothing was captured.
    pub(super) fn lose(
        &mut self,
        on: &mut Connection,
        direction: Direction,
        bytes: impl AsRef<[u8]>,
    ) {
        self.play(on, direction, bytes.as_ref(), false);
    }

    fn play(&mut self, on: &mut Connection, direction: Direction, bytes: &[u8], captured: bool) {
        let place = match direction {
            Outbound => {
                on.counts.turns += u32::from(std::mem::take(&mut on.read));
                &mut on.counts.outbound
            }
            Inbound => {
                on.read = true;
                &mut on.counts.inbound
            }
        };
        let offset = *place;
        *place += bytes.len() as u64;
        self.now = self.now.after(Duration::from_millis(1));
        if captured {
            let (connection, time, turn) = (on.id, self.now, on.counts.turns);
            self.pipeline.segment(&Segment {
                connection,
                direction,
                offset,
                time,
                turn,
                bytes,
            });
        }
    }

    pub(super) fn close(&mut self, connection: &Connection) {
        self.now = self.now.after(Duration::from_secs(60));
        self.pipeline
            .close(connection.id, self.now, Some(connection.counts));
    }

    pub(super) fn outputs(&mut self) -> Seen {
        let mut seen = Seen::default();
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Verdict(_, verdict) => seen.verdicts.push(verdict),
                Output::Call(call) => seen.calls.push(call.facts().clone()),
                Output::LostExchanges(_, count) => seen.lost += count,
            }
        }
        seen
    }
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) verdicts: Vec<Verdict>,
    pub(super) calls: Vec<CallFacts>,
    pub(super) lost: u32,
}

fn post(host: &str, path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn chat() -> String {
    post(
        "api.openai.com",
        "/v1/chat/completions",
        r#"{"model":"m","messages":[{"role":"user","content":"canary-prompt"}]}"#,
    )
}

fn json(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) const ANSWER: &str = r#"{"id":"c","model":"m-1","choices":[{"index":0,"message":{"content":"canary-answer"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk(event: &str) -> String {
    format!("{:x}\r\n{event}\r\n", event.len())
}

fn delta(content: &str, finish: &str) -> String {
    chunk(&format!(
        "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":{finish}}}]}}\n\n"
    ))
}

#[test]
fn calls_follow_each_other_on_a_connection() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for _ in 0..3 {
        host.send(&mut on, Outbound, chat());
        host.send(&mut on, Inbound, json(ANSWER));
    }
    host.close(&on);
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full]);
    assert_eq!(seen.calls.len(), 3);
    assert!(
        seen.calls
            .iter()
            .all(|call| call.usage.output == Some(4) && call.capture == CaptureState::Complete)
    );
    assert_eq!(seen.lost, 0);
}

#[test]
fn other_http_is_looked_at_for_a_while() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for _ in 0..10 {
        host.send(&mut on, Outbound, post("example.com", "/login", "{}"));
        host.send(&mut on, Inbound, json("{}"));
    }
    host.close(&on);
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::HeadOnly, Verdict::Ignore]);
    assert!(seen.calls.is_empty());
    assert_eq!(host.pipeline.stats().exchanges, 8);
}

#[test]
fn a_host_of_models_is_followed_whatever_is_asked_first() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(
        &mut on,
        Outbound,
        "GET /v1/models HTTP/1.1\r\nHost: api.openai.com\r\n\r\n",
    );
    host.send(&mut on, Inbound, json("{}"));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::Full]);
    assert!(seen.calls.is_empty());
}

#[test]
fn what_serves_or_is_not_http_is_ignored() {
    let mut host = Host::new(PipelineConfig::default());
    let mut server = Host::connection(1);
    host.send(&mut server, Inbound, chat());
    let mut http2 = Host::connection(2);
    host.send(&mut http2, Inbound, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(host.outputs().verdicts, [Verdict::Ignore, Verdict::Ignore]);
    assert_eq!(host.pipeline.stats().server_connections, 2);
}

#[test]
fn an_unknown_host_must_show_the_shape_of_the_api() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(
        &mut on,
        Outbound,
        post("forms.example", "/v1/responses", r#"{"answers":[1,2]}"#),
    );
    host.send(&mut on, Inbound, json("{}"));
    host.send(
        &mut on,
        Outbound,
        post(
            "llm.example",
            "/v1/responses",
            r#"{"model":"m","input":"x"}"#,
        ),
    );
    host.send(
        &mut on,
        Inbound,
        json(r#"{"id":"r","model":"m","status":"completed"}"#),
    );
    let seen = host.outputs();
    assert_eq!(
        seen.verdicts,
        [Verdict::Full, Verdict::HeadOnly, Verdict::Full]
    );
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(host.pipeline.stats().unconfirmed_exchanges, 1);
}

#[test]
fn a_stream_that_is_not_read_to_its_end_is_cancelled() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    host.close(&on);
    let call = host.outputs().calls.pop().expect("a call");
    assert_eq!(call.outcome, Outcome::Cancelled);
    assert_eq!((call.response.chunks, call.usage.input), (1, None));
}

#[test]
fn the_end_mark_of_the_api_ends_a_stream_whatever_the_framing_says() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    host.send(
        &mut on,
        Inbound,
        delta("", "\"stop\"") + &chunk("data: [DONE]\n\n"),
    );
    let last_byte = host.now;
    host.close(&on);
    let call = host.outputs().calls.pop().expect("a call");
    assert_eq!(
        (call.outcome, call.timing.end),
        (Outcome::Success, last_byte)
    );
}

#[test]
fn a_gap_in_a_stream_costs_what_was_in_it() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    host.lose(&mut on, Inbound, delta("b", "null"));
    host.send(
        &mut on,
        Inbound,
        delta("c", "\"length\"") + &chunk("data: [DONE]\n\n") + "0\r\n\r\n",
    );
    host.close(&on);
    let seen = host.outputs();
    let [call] = seen.calls.as_slice() else {
        panic!("{} calls", seen.calls.len())
    };
    assert_eq!(call.capture, CaptureState::Gap);
    assert_eq!((call.usage.input, seen.lost), (None, 0));
}

#[test]
fn exchanges_that_were_lost_whole_are_counted() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for number in 0..6 {
        if matches!(number, 2 | 3 | 5) {
            host.lose(&mut on, Outbound, chat());
            host.lose(&mut on, Inbound, json(ANSWER));
        } else {
            host.send(&mut on, Outbound, chat());
            host.send(&mut on, Inbound, json(ANSWER));
        }
    }
    assert_eq!(host.outputs().lost, 2, "known with the next exchange");
    host.close(&on);
    assert_eq!(host.outputs().lost, 1, "known at the end");
}

#[test]
fn lost_requests_count_and_lost_answers_do_not() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.lose(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.lose(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (3, 1));
}

#[test]
fn a_request_that_waits_for_100_continue_is_one_exchange() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (head, body) = request.split_at(request.find("{").expect("a body"));
    for _ in 0..2 {
        host.send(&mut on, Outbound, head);
        host.send(&mut on, Inbound, "HTTP/1.1 100 Continue\r\n\r\n");
        host.send(&mut on, Outbound, body);
        host.send(&mut on, Inbound, json(ANSWER));
    }
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (2, 0));
}

#[test]
fn what_is_silent_for_too_long_is_reported_as_it_is() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    let last = host.now;
    host.pipeline.advance(last.after(Duration::from_mins(9)));
    assert!(host.outputs().calls.is_empty());
    host.pipeline.advance(last.after(Duration::from_mins(11)));
    let call = host.outputs().calls.pop().expect("a call");
    assert_eq!((call.capture, call.timing.end), (CaptureState::Open, last));
    assert_eq!(host.pipeline.stats().calls_silent, 1);
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    assert_eq!(host.outputs().calls.len(), 1, "the connection goes on");
}

#[test]
fn the_connection_that_was_silent_longest_is_forgotten_first() {
    let max_connections = NonZeroUsize::new(2).expect("not zero");
    let mut host = Host::new(PipelineConfig {
        max_connections,
        ..PipelineConfig::default()
    });
    let [mut first, mut second, mut third] = [1, 2, 3].map(Host::connection);
    host.send(&mut first, Outbound, chat());
    host.send(&mut second, Outbound, chat());
    host.send(&mut first, Inbound, "HTTP/1.1 200 OK\r\n");
    host.send(&mut third, Outbound, chat());
    assert_eq!(
        host.outputs().calls.len(),
        1,
        "the second is reported as it is"
    );
    host.send(&mut first, Inbound, "Content-Length: 2\r\n\r\n{}");
    assert_eq!(host.outputs().calls.len(), 1);
    let stats = host.pipeline.stats();
    assert_eq!(
        (stats.evictions, stats.connections, stats.open_exchanges),
        (1, 2, 1)
    );
}

#[test]
fn nothing_secret_and_no_content_is_in_any_output() {
    let headers = AllowList::with(["x-tenant"]).expect("harmless");
    let mut host = Host::new(PipelineConfig {
        headers,
        ..PipelineConfig::default()
    });
    let mut on = Host::connection(1);
    let body = r#"{"model":"m","messages":[{"role":"user","content":"canary"}],"tools":[{"function":{"name":"f","description":"canary"}}]}"#;
    let request = format!(
        "POST /v1/chat/completions?api-key=canary&api-version=1 HTTP/1.1\r\nHost: api.openai.com\r\n\
         Authorization: Bearer canary\r\nApi-Key: canary\r\nCookie: a=canary\r\nX-Tenant: acme\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    host.send(&mut on, Outbound, request);
    let answer = r#"{"id":"c","choices":[{"message":{"content":"canary","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{\"a\":\"canary\"}"}}]},"finish_reason":"tool_calls"}]}"#;
    host.send(
        &mut on,
        Inbound,
        format!(
            "HTTP/1.1 200 OK\r\nSet-Cookie: canary\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        ),
    );

    let mut calls = 0;
    while let Some(output) = host.pipeline.poll() {
        assert!(!format!("{output:?}").contains("canary"), "{output:?}");
        if let Output::Call(call) = output {
            calls += 1;
            let span = semconv::span(&release(*call));
            assert!(!format!("{span:?}").contains("canary"), "{span:?}");
            let kept = semconv::Value::StrList(vec!["acme".to_owned()]);
            assert_eq!(span.attribute("http.request.header.x-tenant"), Some(&kept));
        }
    }
    assert_eq!(calls, 1);
}

#[test]
fn bulk_traffic_is_looked_at_by_heads_alone() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for _ in 0..100 {
        host.send(&mut on, Outbound, vec![0x80_u8; 16 << 10]);
    }
    assert_eq!(host.outputs().verdicts, [Verdict::HeadOnly]);
}

#[test]
fn a_gap_of_unknown_length_ends_at_the_next_request() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let upload = "POST /upload HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000000\r\n\r\n";
    host.send(&mut on, Outbound, upload);
    host.send(&mut on, Outbound, vec![b'x'; 64 << 10]);
    // The kernel half skips calls once the head is spent: all it tells is that there were some.
    host.lose(&mut on, Outbound, [0; 9]);
    host.send(&mut on, Inbound, json("{}"));
    host.send(
        &mut on,
        Outbound,
        post(
            "gateway",
            "/v1/chat/completions",
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
        ),
    );
    host.send(&mut on, Inbound, json(ANSWER));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::HeadOnly, Verdict::Full]);
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(seen.calls[0].usage.input, Some(3));
}

#[test]
fn a_call_under_way_when_the_agent_stops_is_reported_as_far_as_seen() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, STREAM_HEAD);
    host.pipeline.give_up(on.id, Some(on.counts));
    let seen = host.outputs();
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(seen.calls[0].capture, CaptureState::Open);
    assert_eq!(seen.lost, 0);
}

#[test]
fn a_download_of_unknown_length_does_not_spoil_the_next_answer() {
    for skipped in [1, 9, 200_000] {
        let mut host = Host::new(PipelineConfig::default());
        let mut on = Host::connection(1);
        host.send(
            &mut on,
            Outbound,
            "GET /files/1 HTTP/1.1\r\nHost: gateway\r\n\r\n",
        );
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n";
        host.send(&mut on, Inbound, head);
        host.send(&mut on, Inbound, vec![b'x'; 4 << 10]);
        // Calls that the kernel half skipped: each counts as one byte, whatever it moved.
        host.lose(&mut on, Inbound, vec![0; skipped]);
        let request = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
        host.send(
            &mut on,
            Outbound,
            post("gateway", "/v1/chat/completions", request),
        );
        host.send(&mut on, Inbound, json(ANSWER));
        let seen = host.outputs();
        assert_eq!(seen.calls.len(), 1, "{skipped}");
        assert_eq!(seen.calls[0].usage.input, Some(3), "{skipped}");
        assert_eq!(seen.calls[0].capture, CaptureState::Complete, "{skipped}");
    }
}

#[test]
fn a_request_that_goes_on_below_its_answer_is_one_exchange() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (beginning, rest) = request.split_at(request.len() - 10);
    host.send(&mut on, Outbound, beginning);
    host.send(&mut on, Inbound, STREAM_HEAD);
    host.send(&mut on, Outbound, rest);
    host.send(
        &mut on,
        Inbound,
        delta("a", "\"stop\"") + &chunk("data: [DONE]\n\n") + "0\r\n\r\n",
    );
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (1, 0));
}

#[test]
fn a_loss_behind_the_head_of_a_request_does_not_hide_the_next_exchange() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (head, body) = request.split_at(request.find("\r\n\r\n").unwrap() + 4);
    host.send(&mut on, Outbound, head);
    host.lose(&mut on, Outbound, body);
    host.lose(&mut on, Inbound, json(ANSWER));
    host.lose(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (2, 1));
}

#[test]
fn a_loss_within_the_first_line_does_not_join_its_ends() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (method, rest) = request.split_at("POST ".len());
    let (lost, rest) = rest.split_at("/v1".len());
    host.send(&mut on, Outbound, method);
    host.lose(&mut on, Outbound, lost);
    host.send(&mut on, Outbound, rest);
    host.send(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (1, 1));
    assert_eq!(seen.calls[0].path, "/v1/chat/completions");
}
