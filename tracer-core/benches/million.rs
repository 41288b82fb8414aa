//! That a million sessions, turns and processes are held in as much memory as the first of them, and
//! cost as much each.
//!
//! `cargo bench -p tracer-core --bench million`. Every call is of a session, a process and a connection
//! of its own, and nothing tells that any of them is over. Memory is what the allocator gave, not the
//! lengths of tables. Fails beyond the bounds below.

#[path = "../tests/wire/allocator.rs"]
mod allocator;
#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::time::{Duration, Instant};

use allocator::allocated;
use tracer_core::{
    attribution::{AttributionRules, Dimension, Salt},
    correlate::IdKey,
    evaluation::Checks,
    pipeline::{Pipeline, PipelineConfig},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    time::Timestamp,
};
use wire::json;

/// Calls, each of a session of its own.
const CALLS: u64 = 1_000_000;
/// Of ten steps, those after which all tables are full.
const FILLING: usize = 5;
/// Calls that are timed together, of which the fastest of a step count: others use the machine, too.
const TOGETHER: u32 = 1_000;
/// How much more may be held at the end than when the tables had filled.
const GROWTH: f64 = 1.02;
/// How much dearer a call may be at the end: caches miss more, and machines are shared.
const DEARER: f64 = 1.5;
const MB: usize = 1 << 20;

/// Who calls.
struct Population {
    name: &'static str,
    /// The most that may be held, in bytes.
    bound: usize,
    /// The most that may be held when all was silent for an hour.
    left: usize,
    /// A request and its answer.
    exchange: fn(u64) -> (Vec<u8>, Vec<u8>),
    /// How many of them.
    calls: u64,
}

const POPULATIONS: [Population; 3] = [
    Population {
        name: "agents that never finish",
        bound: 48 * MB,
        left: 24 * MB,
        exchange: agent,
        calls: CALLS,
    },
    Population {
        name: "failures, attempts and refusals",
        bound: 40 * MB,
        left: 32 * MB,
        exchange: failure,
        calls: CALLS,
    },
    Population {
        name: "answers with as many tools as are followed",
        bound: 192 * MB,
        left: 96 * MB,
        exchange: greedy,
        calls: CALLS / 20,
    },
];

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
    for population in &POPULATIONS {
        let held = run(population);
        println!("{:44} {held}", population.name);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
fn run(population: &Population) -> String {
    let before = allocated();
    let mut host = Host::new();
    let step = population.calls / 10;
    let mut fastest = Duration::MAX;
    let (mut held, mut took) = (Vec::new(), Vec::new());
    for number in 0..population.calls {
        let (request, answer) = (population.exchange)(number);
        let start = Instant::now();
        host.exchange(number, &request, &answer);
        host.took += start.elapsed();
        if (number + 1).is_multiple_of(u64::from(TOGETHER)) {
            fastest = fastest.min(std::mem::take(&mut host.took) / TOGETHER);
        }
        if (number + 1).is_multiple_of(step) {
            held.push(allocated() - before);
            took.push(std::mem::replace(&mut fastest, Duration::MAX));
        }
    }
    let (most, full) = (held.iter().max().copied().unwrap_or(0), held[FILLING - 1]);
    let (first, last) = (took[FILLING - 1], took[took.len() - 1]);
    host.wait(Duration::from_hours(1));
    let left = allocated() - before;
    let said = format!(
        "{:.1} MB at most, {:.1} MB after an hour of silence; {:.1} µs a call, then {:.1}",
        megabytes(most),
        megabytes(left),
        micros(first),
        micros(last)
    );
    assert!(most < population.bound, "too much is held: {said} {held:?}");
    let growth = megabytes(held[held.len() - 1]) / megabytes(full);
    assert!(growth < GROWTH, "it grows: {said} {held:?}");
    assert!(left < population.left, "it stays: {said}");
    let dearer = micros(last) / micros(first);
    assert!(dearer < DEARER, "calls get dearer: {said} {took:?}");
    said
}

fn megabytes(bytes: usize) -> f64 {
    u32::try_from(bytes / 1024).map_or(f64::MAX, f64::from) / 1024.0
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// All processes of a host.
struct Host {
    pipeline: Pipeline,
    now: Timestamp,
    took: Duration,
}

impl Host {
    fn new() -> Self {
        let sources = [
            (Dimension::User, vec!["header:x-user".parse().expect("one")]),
            (Dimension::Workspace, vec!["api-key".parse().expect("one")]),
        ];
        let config = PipelineConfig {
            ids: IdKey::Fixed(1),
            evaluations: Checks::ALL,
            ..PipelineConfig::default()
        };
        let rules = AttributionRules::new(&sources, Salt::new([7; Salt::BYTES]));
        Self {
            pipeline: Pipeline::new(PipelineConfig {
                headers: rules.admitted(config.headers.clone()),
                attribution: rules,
                ..config
            }),
            now: Timestamp::from_unix_nanos(1_800_000_000_000_000_000),
            took: Duration::ZERO,
        }
    }

    /// A call by a process of its own, ten thousand in a second: nothing is forgotten for its age.
    fn exchange(&mut self, number: u64, request: &[u8], answer: &[u8]) {
        let connection = ConnectionId {
            process: ProcessKey(number),
            handle: number,
            generation: 1,
        };
        for (direction, bytes) in [(Direction::Outbound, request), (Direction::Inbound, answer)] {
            self.now = self.now.after(Duration::from_micros(50));
            self.pipeline.segment(&Segment {
                connection,
                direction,
                offset: 0,
                time: self.now,
                turn: 0,
                bytes,
            });
        }
        self.pipeline.close(connection, self.now, None);
        if number.is_multiple_of(10_000) {
            self.pipeline.advance(self.now);
        }
        self.take();
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.pipeline.advance(self.now);
        self.take();
    }

    fn take(&mut self) {
        while self.pipeline.poll().is_some() {}
    }
}

/// Asks for two tools, and never says what they gave.
fn agent(number: u64) -> (Vec<u8>, Vec<u8>) {
    let tools = [0, 1].map(|at| tool(number, at));
    (chat(number), answered(number, &tools))
}

/// As many tools as of one answer are followed, with as many texts among their arguments.
fn greedy(number: u64) -> (Vec<u8>, Vec<u8>) {
    let tools: Vec<_> = (0..128).map(|at| tool(number, at)).collect();
    (chat(number), answered(number, &tools))
}

/// Every third call has no answer but an error, and is tried again or not.
fn failure(number: u64) -> (Vec<u8>, Vec<u8>) {
    let status = match number % 3 {
        0 => return (chat(number), answered(number, &[])),
        1 => "429 Too Many Requests",
        _ => "400 Bad Request",
    };
    let body = format!(r#"{{"error":{{"message":"no","code":"code_{number}"}}}}"#);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (chat(number), (head + &body).into_bytes())
}

/// By a user and with a key that nobody else has.
fn chat(number: u64) -> Vec<u8> {
    let body = format!(
        r#"{{"model":"gpt-5","messages":[{{"role":"user","content":"What is question {number}?"}}]}}"#
    );
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-type: application/json\r\nauthorization: Bearer sk-{number:032}\r\nx-user: user-{number}\r\nx-claude-code-session-id: session-{number:0200}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

fn tool(number: u64, at: u64) -> String {
    format!(
        r#"{{"id":"call_{number:020}_{at}","type":"function","function":{{"name":"look_up","arguments":"{{\"query\":\"What is known of {number} at {at}?\"}}"}}}}"#
    )
}

fn answered(number: u64, tools: &[String]) -> Vec<u8> {
    json(&format!(
        r#"{{"id":"chatcmpl-{number}","object":"chat.completion","model":"gpt-5","choices":[{{"index":0,"message":{{"role":"assistant","content":"Answer {number}","tool_calls":[{}]}},"finish_reason":"tool_calls"}}],"usage":{{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}}}"#,
        tools.join(",")
    ))
}
