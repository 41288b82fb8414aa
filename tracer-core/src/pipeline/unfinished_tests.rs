//! Runs of Replicate, of which other exchanges tell the end of.

use super::tests::{Connection, Host};
use crate::{
    llm::call::{CallFacts, Outcome},
    pipeline::PipelineConfig,
    segment::Direction::{Inbound, Outbound},
    time::Timestamp,
};

struct Client {
    host: Host,
    on: Connection,
}

impl Client {
    /// One that has begun run `p1`.
    fn begin() -> Self {
        let mut client = Self {
            host: Host::new(PipelineConfig::default()),
            on: Host::connection(1),
        };
        client.exchange(
            "POST /v1/models/meta/llama/predictions",
            r#"{"input":{"prompt":"canary"}}"#,
            r#"{"id":"p1","model":"meta/llama","status":"starting"}"#,
        );
        assert!(client.calls().is_empty());
        client
    }

    fn exchange(&mut self, line: &str, body: &str, answer: &str) {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: api.replicate.com\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        self.host.send(&mut self.on, Outbound, request);
        self.host.send(&mut self.on, Inbound, response);
    }

    fn ask(&mut self, answer: &str) -> Vec<CallFacts> {
        self.exchange("GET /v1/predictions/p1", "", answer);
        self.calls()
    }

    fn calls(&mut self) -> Vec<CallFacts> {
        self.host.outputs().calls
    }
}

const RUNNING: &str = r#"{"id":"p1","model":"meta/llama","status":"processing"}"#;
const DONE: &str = r#"{"id":"p1","model":"meta/llama","status":"succeeded","output":["canary"],
    "metrics":{"input_token_count":18,"output_token_count":25}}"#;

#[test]
fn what_a_later_answer_tells_belongs_to_the_call_that_began_the_run() {
    let mut client = Client::begin();
    assert!(client.ask(RUNNING).is_empty());
    let calls = client.ask(DONE);
    assert_eq!(calls.len(), 1);
    let facts = &calls[0];
    assert_eq!(
        (facts.usage.input, facts.usage.output),
        (Some(18), Some(25))
    );
    assert!(!facts.response.is_pending);
    assert_eq!(facts.request.model.as_deref(), Some("meta/llama"));
    // Four messages behind the answer that it had begun.
    assert_eq!(facts.timing.end.since(facts.timing.start).as_millis(), 5);
    assert!(client.ask(DONE).is_empty(), "it is told once");
}

#[test]
fn a_run_that_fails_fails_its_call() {
    let calls = Client::begin().ask(r#"{"id":"p1","status":"failed","error":"canary"}"#);
    let error_type = "error".to_owned();
    assert_eq!(calls[0].outcome, Outcome::Failed { error_type });
}

#[test]
fn a_run_that_nobody_asks_for_is_reported_as_it_is() {
    let mut client = Client::begin();
    client.ask(RUNNING.replace("p1", "other").as_str());
    client
        .host
        .pipeline
        .advance(Timestamp::from_unix_nanos(1 << 62));
    let calls = client.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].response.is_pending);
    assert_eq!(calls[0].outcome, Outcome::Success);

    let mut client = Client::begin();
    client.host.close(&client.on.clone());
    assert!(client.calls()[0].response.is_pending);
}

#[test]
fn runs_that_wait_are_bounded() {
    let mut client = Client::begin();
    for number in 0..256 {
        client.exchange(
            "POST /v1/predictions",
            r#"{"version":"v","input":{}}"#,
            &format!(r#"{{"id":"q{number}","status":"starting"}}"#),
        );
    }
    let calls = client.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].response.id.as_deref(), Some("p1"));
}

#[test]
fn a_run_that_was_waited_for_is_over_at_once() {
    let mut client = Client {
        host: Host::new(PipelineConfig::default()),
        on: Host::connection(1),
    };
    client.exchange("POST /v1/predictions", r#"{"input":{}}"#, DONE);
    assert_eq!(client.calls()[0].usage.output, Some(25));
    // Nobody was seen to begin this one.
    assert!(client.ask(DONE).is_empty());
}
