//! Recorded sessions: the usage of each turn must be what the recording says.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads recordings"
)]

use std::{
    env,
    fmt::Write as _,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use serde_json::Value;
use tracer_core::llm::call::{Call, CaptureState, Captured};

use crate::wire::{Deflate, Style, Wire};

/// Recordings in which the usage stands beside the response, whose own is empty. The oracle looks in
/// the response only and expects none; but xAI tells it there and nowhere else, and its sums agree.
const USAGE_BESIDE: [&str; 2] = ["hd518ecc29b6e3c8", "h1f9798926eac06f"];

/// What the recording says of a turn: id of the response, input and output tokens.
type Turn = (Option<String>, Option<u64>, Option<u64>);

#[test]
fn usage_of_every_recorded_turn_is_reported() {
    let Some(directory) = env::var_os("TRACER_CORPUS") else {
        println!("skipped: TRACER_CORPUS is not set");
        return;
    };
    let path = Path::new(&directory).join("websocket.jsonl.gz");
    let Ok(file) = File::open(&path) else {
        println!("skipped: there are no sessions in {}", path.display());
        return;
    };
    let lines = BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines();
    let recordings: Vec<Value> = lines
        .map(|line| serde_json::from_str(&line.expect("gzip")).expect("a recording"))
        .collect();
    for recording in &recordings {
        let is_known = USAGE_BESIDE.iter().any(|id| recording["id"] == *id);
        let tells = messages(recording).any(|message| tells_beside(&message));
        assert!(
            tells || !is_known,
            "{}: take it off the list",
            recording["id"]
        );
    }
    let mut turns = 0;
    for style in [
        style(usize::MAX, usize::MAX, Deflate::No),
        style(100, 37, Deflate::No),
        style(4_096, 1_400, Deflate::Takeover),
        style(20, 5, Deflate::Reset),
    ] {
        for recording in &recordings {
            let (expected, calls) = play(recording, style);
            let reported: Vec<Turn> = calls.iter().map(turn).collect();
            assert_eq!(reported, expected, "{} as {style:?}", recording["id"]);
            for call in &calls {
                assert_eq!(call.facts().capture, CaptureState::Complete);
                assert!(call.facts().request.model.is_some());
            }
            turns += expected.len();
        }
    }
    println!("{} sessions, {turns} turns in 4 styles", recordings.len());
    assert!(turns > 0);
}

/// What the server sent.
fn messages(recording: &Value) -> impl Iterator<Item = Value> {
    let messages = recording["ws"].as_array().expect("messages").iter();
    messages
        .filter(|message| message["dir"] == "server")
        .filter_map(|message| serde_json::from_str(message["data"].as_str()?).ok())
}

fn tells_beside(message: &Value) -> bool {
    let usage = |usage: &Value| usage["input_tokens"].is_u64();
    message["type"] == "response.done"
        && usage(&message["usage"])
        && !usage(&message["response"]["usage"])
}

const fn style(fragment: usize, piece: usize, deflate: Deflate) -> Style {
    Style {
        fragment,
        piece,
        deflate,
    }
}

fn play(recording: &Value, style: Style) -> (Vec<Turn>, Vec<Call<Captured>>) {
    let mut wire = Wire::open(&request(&recording["request"]), style);
    let mut expected = Vec::new();
    for message in recording["ws"].as_array().expect("messages") {
        let text = message["data"].as_str().expect("text");
        if message["dir"] == "client" {
            wire.sent(text);
        } else {
            wire.received(text);
            expected.extend(told(&serde_json::from_str(text).expect("JSON")));
        }
    }
    wire.close();
    (expected, wire.calls())
}

fn request(request: &Value) -> String {
    let url = request["url"].as_str().expect("an address");
    let (_, rest) = url.split_once("://").expect("an absolute address");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    );
    for header in request["headers"].as_array().expect("headers") {
        let (name, value) = (header[0].as_str(), header[1].as_str());
        let _ = write!(
            head,
            "{}: {}\r\n",
            name.expect("a name"),
            value.expect("a value")
        );
    }
    head + "\r\n"
}

/// The turn that a message of the server ends, if it does.
fn told(message: &Value) -> Option<Turn> {
    if message["type"] == "response.done" {
        let response = &message["response"];
        let usage = [&response["usage"], &message["usage"]]
            .into_iter()
            .find(|usage| usage["input_tokens"].is_u64());
        let count = |name| usage.and_then(|usage| usage[name].as_u64());
        let id = response["id"].as_str().map(str::to_owned);
        return Some((id, count("input_tokens"), count("output_tokens")));
    }
    let usage = message["usageMetadata"].as_object()?;
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    let output = count("responseTokenCount").or_else(|| count("candidatesTokenCount"));
    Some((None, count("promptTokenCount"), output))
}

fn turn(call: &Call<Captured>) -> Turn {
    let facts = call.facts();
    (
        facts.response.id.clone(),
        facts.usage.input,
        facts.usage.output,
    )
}
