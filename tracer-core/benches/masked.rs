//! What a call costs from the wire to its span, where its content leaves masked.
//!
//! `cargo bench -p tracer-core --bench masked`. Calls of some 400 KB over one connection: `prose` is a
//! conversation, `json` has documents as results of tools, `stream` is an answer in pieces of a few
//! words. Each as `metadata`, in `full` and `masked`, with something to mask in every few kilobytes.
//! What masking adds is the difference between the last two; the throughput is that of the bytes on the
//! wire, the median of interleaved rounds. Fails where calls that leave masked make less than [`WANTED`].

#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::{hint::black_box, time::Instant};

use serde_json::{Value, json};
use tracer_core::{
    attribution::AttributionRules,
    pipeline::PipelineConfig,
    policy::{Caller, Policy, PolicyFile, Release, mask::PseudonymKey},
    semconv::span,
};
use wire::{CHAT_ANSWER, Player, Wire, chat_request, chunked};

/// Bytes of content of a call.
const BYTES: usize = 400_000;
/// Bytes of a message.
const MESSAGE: usize = 20_000;
const PROSE: &str = "The committee met on Tuesday, as it does in most weeks, and went through the \
    figures of the last quarter; they were better than in 2023, by some 4.5 per cent. Nobody asked why. \
    \"We shall see,\" said the chair, and closed the meeting at 12:30, though there was a question left.\n";
const SECRETS: &str = "Write to someone.else@example.org or call +1 415 555 0132; the key is \
    sk-proj-1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT, from 192.0.2.17.\n";

/// Megabytes that are wanted of what leaves masked, in a second.
const WANTED: f64 = 200.0;
const ROUNDS: usize = 31;
/// Calls of a round.
const CALLS: u32 = 20;
const CAPTURES: [&str; 3] = ["metadata", "full", "masked"];

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark: asked for by cargo, answered on the terminal"
)]
fn main() {
    // Those who only list or run tests ask for nothing to be measured.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let whole = wire::json(CHAT_ANSWER);
    let asked = chat_request(
        &json!({"model": "gpt-5", "stream": true,
        "messages": [{"role": "user", "content": "Tell me."}]})
        .to_string(),
    );
    let kinds = [
        ("prose", conversation(), &whole),
        ("json", documents(), &whole),
        ("stream", asked, &stream()),
    ];
    let mut missed = Vec::new();
    for (name, request, response) in &kinds {
        let mut ways = CAPTURES.map(|capture| Way::new(policy(capture)));
        for _ in 0..ROUNDS {
            for way in &mut ways {
                way.round(request, response);
            }
        }
        for (capture, way) in CAPTURES.iter().zip(&mut ways) {
            let bytes =
                u32::try_from(request.len() + response.len()).expect("less than a gigabyte");
            let (micros, rate) = way.median(bytes);
            println!("{name:8} {capture:10} {micros:8.1} µs a call, {rate:6.1} MB/s");
            if *capture == "masked" && rate < WANTED {
                missed.push(*name);
            }
        }
    }
    assert!(
        missed.is_empty(),
        "masked calls of {missed:?} make less than {WANTED} MB/s"
    );
}

/// One way to treat calls.
struct Way {
    policy: Policy,
    player: Player,
    wire: Wire,
    /// Seconds a call.
    took: Vec<f64>,
}

impl Way {
    fn new(policy: Policy) -> Self {
        let player = Player::with(PipelineConfig {
            content: policy.content_capture(),
            ..PipelineConfig::default()
        });
        Self {
            policy,
            player,
            wire: Wire::new(1),
            took: Vec::new(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
    fn round(&mut self, request: &[u8], response: &[u8]) {
        let start = Instant::now();
        for _ in 0..CALLS {
            self.player.exchange(&mut self.wire, request, response);
            let call = self.player.calls().pop().expect("a call");
            let Release::Call(call) = self.policy.release(call, &Caller::UNKNOWN) else {
                panic!("it leaves")
            };
            black_box(span(&call));
        }
        self.took
            .push(start.elapsed().as_secs_f64() / f64::from(CALLS));
    }

    /// Microseconds a call, and megabytes a second.
    fn median(&mut self, bytes: u32) -> (f64, f64) {
        self.took.sort_by(f64::total_cmp);
        let took = self.took[self.took.len() / 2];
        (took * 1e6, f64::from(bytes) / 1e6 / took)
    }
}

fn policy(capture: &str) -> Policy {
    Policy::new(
        PolicyFile::parse(&format!("[default]\ncapture = '{capture}'")).expect("a policy"),
        PseudonymKey::new([0; PseudonymKey::BYTES]),
        AttributionRules::default(),
    )
}

/// Text with secrets behind every twenty sentences.
fn prose(bytes: usize) -> String {
    let mut text = String::new();
    for number in 1.. {
        text.push_str(PROSE);
        if number % 20 == 0 {
            text.push_str(SECRETS);
        }
        if text.len() >= bytes {
            break;
        }
    }
    text
}

fn conversation() -> Vec<u8> {
    let text = prose(MESSAGE);
    let messages: Vec<Value> = (0..BYTES / MESSAGE)
        .map(|number| {
            let role = if number % 2 == 0 { "user" } else { "assistant" };
            json!({"role": role, "content": text})
        })
        .collect();
    chat_request(&json!({"model": "gpt-5", "messages": messages}).to_string())
}

/// What a tool gives, as JSON within JSON.
fn documents() -> Vec<u8> {
    let text = prose(MESSAGE);
    let rows: Vec<Value> = text
        .lines()
        .enumerate()
        .map(|(number, line)| json!({"id": number, "line": line, "ok": true, "score": 0.25}))
        .collect();
    let document = json!({ "rows": rows }).to_string();
    let mut messages = Vec::new();
    for number in 0..BYTES / document.len() {
        let id = format!("call_{number}");
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}}]}));
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": document}));
    }
    chat_request(&json!({"model": "gpt-5", "messages": messages}).to_string())
}

fn stream() -> Vec<u8> {
    let text = prose(BYTES / 6);
    let pieces: Vec<&str> = text.split_inclusive(' ').collect();
    let event = |piece: &[&str]| {
        let event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-5",
            "choices": [{"index": 0, "delta": {"content": piece.concat()}, "finish_reason": null}]});
        format!("data: {event}\n\n").into_bytes()
    };
    let events: Vec<Vec<u8>> = pieces.chunks(4).map(event).collect();
    chunked("text/event-stream", &events)
}
