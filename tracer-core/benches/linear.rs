//! That the cost of an exchange grows with its bytes alone: each kind at a size and at ten times it.
//!
//! `cargo bench -p tracer-core --bench linear`. The fastest of several runs each; fails where a byte
//! of the large one costs more than [`TOLERATED`] times a byte of the small one. Bodies are kept
//! whole here, so that they are read and not only counted.

#[path = "../tests/formats/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod formats;
#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::time::Instant;

use tracer_core::{
    llm::call::{Call, CaptureState, Captured},
    pipeline::PipelineConfig,
    segment::Direction,
};
use wire::{CHAT_ANSWER, CHAT_BODY, Player, Wire, answer, chat_request, json, post};

/// How much dearer a byte may be among ten times as many: memory is slower than caches.
const TOLERATED: f64 = 2.0;
const RUNS: usize = 7;
/// The largest TLS record.
const RECORD_BYTES: usize = 16 << 10;

/// One exchange, in segments of a size.
struct Exchange {
    request: Vec<u8>,
    response: Vec<u8>,
    segment: usize,
}

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
    let mut failed = 0;
    for (name, make, small) in ROWS {
        let (small, large) = (measure(&make(*small)), measure(&make(small * 10)));
        let ratio = small / large;
        println!("{name:34} {small:6.2} GB/s, ten times as much {large:6.2} GB/s: {ratio:.2}");
        failed += u32::from(ratio > TOLERATED);
    }
    assert_eq!(failed, 0, "the cost of these is not linear");
}

/// A kind of exchange, how one of a size is made, and the smaller size.
type Row = (&'static str, fn(usize) -> Exchange, usize);

const ROWS: &[Row] = &[
    ("request with a long prompt", prompt, 1_000_000),
    ("request with an image", image, 1_000_000),
    ("request with many messages", conversation, 1_000_000),
    ("answer with a long text", text, 1_000_000),
    ("answer with escapes alone", escapes, 1_000_000),
    ("answer with vectors", vectors, 1_000_000),
    ("answer in small segments", small_segments, 1_000_000),
    ("one event in small segments", one_event, 100_000),
    (
        "stream of chat completions",
        |size| stream("openai.chat", size),
        10_000,
    ),
    (
        "stream with running counts",
        |size| stream("openai.chat, running counts", size),
        10_000,
    ),
    (
        "stream of messages",
        |size| stream("anthropic.messages", size),
        10_000,
    ),
    (
        "stream of Gemini",
        |size| stream("google, sse", size),
        10_000,
    ),
    (
        "array of Gemini",
        |size| stream("google, array", size),
        10_000,
    ),
    (
        "stream of lines",
        |size| stream("ollama.chat", size),
        10_000,
    ),
    (
        "stream of frames",
        |size| stream("bedrock.converse", size),
        10_000,
    ),
];

/// GB/s of an exchange.
#[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
fn measure(exchange: &Exchange) -> f64 {
    let bytes = exchange.request.len() + exchange.response.len();
    let seconds = (0..RUNS).map(|_| {
        let mut player = Player::with(PipelineConfig {
            body_bytes: 64 << 20,
            held_bytes: 256 << 20,
            ..PipelineConfig::default()
        });
        let mut wire = Wire::new(1);
        let begun = Instant::now();
        player.send_in(
            &mut wire,
            Direction::Outbound,
            &exchange.request,
            exchange.segment,
        );
        player.send_in(
            &mut wire,
            Direction::Inbound,
            &exchange.response,
            exchange.segment,
        );
        let call = player.calls().pop().expect("a call");
        let seconds = begun.elapsed().as_secs_f64();
        assert_is_read(&call);
        seconds
    });
    let fastest = seconds.fold(f64::INFINITY, f64::min);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = bytes as f64;
    bytes / fastest / 1e9
}

fn assert_is_read(call: &Call<Captured>) {
    let facts = call.facts();
    assert_eq!(facts.capture, CaptureState::Complete);
    assert!(facts.usage.input.is_some());
}

fn of_request(content: &str) -> Exchange {
    Exchange {
        request: chat_request(&CHAT_BODY.replace(r#""hi""#, content)),
        response: json(CHAT_ANSWER),
        segment: RECORD_BYTES,
    }
}

fn of_answer(text: &str) -> Exchange {
    Exchange {
        request: chat_request(CHAT_BODY),
        response: json(&CHAT_ANSWER.replace("hello", text)),
        segment: RECORD_BYTES,
    }
}

/// `part` as often as fits.
fn repeated(part: &str, size: usize) -> String {
    part.repeat(size / part.len())
}

fn prompt(size: usize) -> Exchange {
    of_request(&format!(
        "\"{}\"",
        repeated("some words of a prompt, \\n and ", size)
    ))
}

fn image(size: usize) -> Exchange {
    of_request(&format!(
        r#"[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}]"#,
        repeated("iVBORw0KGgoAAAANSUhEUgAA", size)
    ))
}

fn conversation(size: usize) -> Exchange {
    let message = r#"{"role":"user","content":"one of many short messages"},"#;
    let messages = repeated(message, size);
    let request = CHAT_BODY.replace(r#""messages":["#, &format!(r#""messages":[{messages}"#));
    Exchange {
        request: chat_request(&request),
        response: json(CHAT_ANSWER),
        segment: RECORD_BYTES,
    }
}

fn text(size: usize) -> Exchange {
    of_answer(&repeated("some words of an answer, \\n and ", size))
}

fn escapes(size: usize) -> Exchange {
    of_answer(&repeated("\\u00e9\\n\\\"", size))
}

fn vectors(size: usize) -> Exchange {
    let vector = repeated("-0.012345678,", size);
    let body = format!(
        r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[{vector}0]}}],"model":"m","usage":{{"prompt_tokens":9,"total_tokens":9}}}}"#
    );
    Exchange {
        request: post(
            "/v1/embeddings",
            "application/json",
            br#"{"model":"m","input":"hi"}"#,
        ),
        response: json(&body),
        segment: RECORD_BYTES,
    }
}

fn small_segments(size: usize) -> Exchange {
    Exchange {
        segment: 200,
        ..text(size)
    }
}

/// An event that stays under way for long.
fn one_event(size: usize) -> Exchange {
    let format = formats::all(10).into_iter().next().expect("a format");
    let long = repeated("some words of an answer, ", size);
    let events = format.events.concat();
    let events = String::from_utf8_lossy(&events).replace("word0", &long);
    Exchange {
        request: format.request(),
        response: answer("content-type: text/event-stream\r\n", events.as_bytes()),
        segment: 200,
    }
}

fn stream(name: &str, pieces: usize) -> Exchange {
    let format = formats::all(pieces)
        .into_iter()
        .find(|format| format.name == name)
        .expect("a format");
    Exchange {
        request: format.request(),
        response: format.chunked(),
        segment: RECORD_BYTES,
    }
}
