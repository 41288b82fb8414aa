use std::slice::from_ref;

use serde_json::json;

use super::*;
use crate::provider::ledger::{Api, Tokens};

const SLOT: usize = 0;
const CLIENTS: [Client; 1] = [Client::PYTHON];

fn life(answered: u64, cut: bool) -> Life {
    Life {
        number: 1,
        slot: SLOT,
        pid: 42,
        answered,
        cut,
    }
}

fn entry(n: u64, complete: bool) -> Entry {
    Entry {
        sequence: n,
        client_port: None,
        api: Api::OpenAiChat,
        operation: "chat".to_owned(),
        host: "127.0.0.1:1".to_owned(),
        http_version: "1.1".to_owned(),
        request_model: Some("gpt-4o-mini-slot-0".to_owned()),
        stream: false,
        n,
        retry_count: None,
        status: 200,
        request_id: format!("req-{n}"),
        response_id: Some(format!("id-{n}")),
        response_model: Some("m".to_owned()),
        finish_reasons: Some(vec!["stop".to_owned()]),
        tokens: Tokens {
            input: Some(n),
            ..Tokens::default()
        },
        tools: Vec::new(),
        error_types: Vec::new(),
        complete,
    }
}

fn span(n: u64, pid: u32, changed: &[(&str, serde_json::Value)]) -> Span {
    let mut report = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini-slot-0",
        "network.protocol.version": "1.1",
        "gen_ai.response.id": format!("id-{n}"),
        "gen_ai.response.model": "m",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": 1,
        "gen_ai.usage.input_tokens": n,
        "gen_ai.response.finish_reasons": ["stop"],
        "llm_tracer.request_id": format!("req-{n}"),
    });
    for (name, value) in changed {
        report[*name] = value.clone();
    }
    let object = |value: serde_json::Value| {
        let fields = value.as_object().cloned().unwrap_or_default();
        Report::new(fields.into_iter().filter(|(_, it)| !it.is_null()).collect())
    };
    Span {
        wire: opentelemetry_proto::tonic::trace::v1::Span::default(),
        report: object(report),
        resource: object(json!({ "process.pid": pid })),
        schema_url: String::new(),
    }
}

fn problems(lives: &[Life], entries: &[Entry], spans: &[Span]) -> usize {
    let verdict = judge(&CLIENTS, lives, entries, spans);
    verdict.rows[0].problems.len() + verdict.strays.len()
}

#[test]
fn calls_seen_once_and_as_served_are_right() {
    let entries = [entry(1000, true), entry(1001, true)];
    let spans = [span(1001, 42, &[]), span(1000, 42, &[])];
    let verdict = judge(&CLIENTS, &[life(2, false)], &entries, &spans);
    assert_eq!(verdict.strays, [""; 0]);
    assert_eq!(verdict.rows[0].problems, [""; 0]);
    assert_eq!((verdict.rows[0].made, verdict.rows[0].seen), (2, 2));
}

#[test]
fn what_is_missing_or_repeated_is_a_problem() {
    let (lives, entries) = ([life(1, false)], [entry(1000, true)]);
    assert_eq!(problems(&lives, &entries, &[]), 1);
    let twice = [span(1000, 42, &[]), span(1000, 42, &[])];
    assert_eq!(problems(&lives, &entries, &twice), 1);
    assert_eq!(problems(&lives, &[], &[]), 1);
    let served_twice = [entry(1000, true), entry(1000, true)];
    assert_eq!(problems(&lives, &served_twice, &[span(1000, 42, &[])]), 1);
}

#[test]
fn what_is_mixed_is_a_problem() {
    let (lives, entries) = ([life(1, false)], [entry(1000, true)]);
    assert_eq!(problems(&lives, &entries, &[span(1000, 43, &[])]), 1);
    let tokens = [("gen_ai.usage.input_tokens", json!(1001))];
    assert_eq!(problems(&lives, &entries, &[span(1000, 42, &tokens)]), 1);
    // It differs from the ledger, and the mark is that of another process.
    let model = [("gen_ai.request.model", json!("gpt-4o-mini-slot-1"))];
    assert_eq!(problems(&lives, &entries, &[span(1000, 42, &model)]), 2);
}

#[test]
fn what_is_nobodys_is_a_problem() {
    let (lives, entries) = ([life(1, false)], [entry(1000, true)]);
    let spans = [span(1000, 42, &[]), span(1777, 42, &[])];
    assert_eq!(problems(&lives, &entries, &spans), 1);
    let entries = [entry(1000, true), entry(1005, true)];
    assert_eq!(problems(&lives, &entries, &spans[..1]), 1);
}

#[test]
fn a_cut_call_is_judged_by_what_came_to_the_provider() {
    let lives = [life(0, true)];
    let none = json!(null);
    let unanswered = [
        ("llm_tracer.request_id", none.clone()),
        ("gen_ai.response.id", none.clone()),
        ("gen_ai.usage.input_tokens", none),
        ("llm_tracer.cancelled", json!(true)),
    ];
    let cut = span(1000, 42, &unanswered);
    // It came, or it did not; either way it may be told once, and says that it was cut.
    assert_eq!(problems(&lives, &[entry(1000, false)], from_ref(&cut)), 0);
    assert_eq!(problems(&lives, &[entry(1000, true)], from_ref(&cut)), 0);
    assert_eq!(problems(&lives, &[], from_ref(&cut)), 0);
    assert_eq!(problems(&lives, &[], &[]), 0);
    assert_eq!(problems(&lives, &[entry(1000, false)], &[]), 1);
    assert_eq!(problems(&lives, &[], &[cut.clone(), cut]), 1);
    let silent = span(1000, 42, &unanswered[..3]);
    assert_eq!(problems(&lives, &[entry(1000, false)], &[silent]), 1);
    // All was read, and the client was killed before it could say so.
    let whole = span(1000, 42, &[]);
    assert_eq!(problems(&lives, &[entry(1000, true)], &[whole]), 0);
}
