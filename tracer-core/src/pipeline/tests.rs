//! Whole connections through the pipeline's door: which are followed, and what comes out.

#[path = "tests/ends.rs"]
mod ends;
#[path = "tests/losses.rs"]
mod losses;

use std::num::NonZeroUsize;

use super::*;
use crate::{
    correlate::Step,
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
        Self::connection_of(1, handle)
    }

    /// One of another process.
    pub(super) fn connection_of(process: u64, handle: u64) -> Connection {
        let id = ConnectionId {
            process: ProcessKey(process),
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
        self.pipeline.settle();
        let mut seen = Seen::default();
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Verdict(_, verdict) => seen.verdicts.push(verdict),
                Output::Call(call) => seen.calls.push(call.facts().clone()),
                Output::Step(step) => seen.steps.push(*step),
                Output::Evaluation(_) => {}
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
    pub(super) steps: Vec<Step>,
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
    assert_eq!(seen.verdicts, [Verdict::HeadOnly, Verdict::Watch]);
    assert!(seen.calls.is_empty());
}

/// What is watched is cut behind the heads; a call shows all the same.
#[test]
fn a_call_after_many_other_exchanges_is_seen() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for _ in 0..50 {
        host.send(&mut on, Outbound, post("llm.example", "/health", "{}"));
        host.send(
            &mut on,
            Inbound,
            "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{",
        );
        host.lose(&mut on, Inbound, [b' '; 8999]);
    }
    let chat = post(
        "llm.example",
        "/v1/chat/completions",
        r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#,
    );
    host.send(&mut on, Outbound, chat);
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!(
        seen.verdicts,
        [Verdict::HeadOnly, Verdict::Watch, Verdict::Full]
    );
    assert_eq!((seen.calls.len(), seen.lost), (1, 0));
    assert_eq!(seen.calls[0].capture, CaptureState::Complete);
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
