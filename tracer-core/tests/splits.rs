//! However the bytes of an exchange are cut, the spans are the same: every framing of answers, both
//! versions of HTTP.

#[path = "http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use frames::{Compression, PREFACE, SETTINGS, data, frame};
use proptest::prelude::*;
use tracer_core::{policy::release, segment::Direction, semconv};
use wire::{
    CHAT_ANSWER, CHAT_BODY, Player, Wire, answer, chat_request, chat_stream, chunked, json, post,
};

/// What each side of a connection sends.
struct Traffic {
    name: &'static str,
    out: Vec<u8>,
    inbound: Vec<u8>,
}

const MESSAGES: &str =
    r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;

fn all() -> Vec<Traffic> {
    let chat = chat_request(CHAT_BODY);
    let sse = "text/event-stream";
    let traffic = |name, out: &[u8], inbound: Vec<u8>| Traffic {
        name,
        out: out.to_vec(),
        inbound,
    };
    vec![
        traffic("a document", &chat, json(CHAT_ANSWER)),
        traffic("a document in gzip", &chat, gzip(CHAT_ANSWER.as_bytes())),
        traffic(
            "a document in brotli",
            &chat,
            brotli(CHAT_ANSWER.as_bytes()),
        ),
        traffic("a document in zstd", &chat, zstd(CHAT_ANSWER.as_bytes())),
        traffic("events", &chat, chunked(sse, &chat_stream(5))),
        traffic(
            "named events",
            &post("/v1/messages", "application/json", MESSAGES.as_bytes()),
            chunked(sse, &messages()),
        ),
        traffic(
            "an array",
            &post(
                "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
                "application/json",
                CONTENTS.as_bytes(),
            ),
            chunked("application/json", &array()),
        ),
        traffic(
            "lines",
            &post(
                "/api/chat",
                "application/json",
                CHAT_BODY.replace("gpt-5", "llama3").as_bytes(),
            ),
            chunked("application/x-ndjson", &lines()),
        ),
        traffic(
            "binary frames",
            &post(
                "/model/amazon.nova-lite-v1%3A0/converse-stream",
                "application/json",
                r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#.as_bytes(),
            ),
            chunked("application/vnd.amazon.eventstream", &binary_frames()),
        ),
        http2(),
    ]
}

fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory");
    let coded = encoder.finish().expect("memory");
    answer("content-encoding: gzip\r\n", &coded)
}

fn brotli(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 3, 20);
    encoder.write_all(body).expect("memory");
    answer("content-encoding: br\r\n", &encoder.into_inner())
}

fn zstd(body: &[u8]) -> Vec<u8> {
    let coded = zstd::bulk::compress(body, 1).expect("memory");
    answer("content-encoding: zstd\r\n", &coded)
}

fn messages() -> Vec<Vec<u8>> {
    [
        ("message_start", r#""message":{"id":"msg_1","model":"claude-1","usage":{"input_tokens":9,"output_tokens":1}}"#),
        ("content_block_delta", r#""index":0,"delta":{"type":"text_delta","text":"héllo"}"#),
        ("message_delta", r#""delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":12}"#),
        ("message_stop", r#""index":0"#),
    ]
    .map(|(kind, rest)| format!("event: {kind}\r\ndata: {{\"type\":\"{kind}\",{rest}}}\r\n\r\n").into_bytes())
    .to_vec()
}

fn array() -> Vec<Vec<u8>> {
    [
        r#"[{"candidates":[{"content":{"parts":[{"text":"he"}]}}],"modelVersion":"gemini-2.5-pro","responseId":"r1"}"#,
        r#"
,
{"candidates":[{"content":{"parts":[{"text":"llo]"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":12}}"#,
        "\n]",
    ]
    .map(|part| part.as_bytes().to_vec())
    .to_vec()
}

fn lines() -> Vec<Vec<u8>> {
    [
        r#"{"model":"llama3","message":{"role":"assistant","content":"hello"},"done":false}"#,
        r#"{"model":"llama3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":12}"#,
    ]
    .map(|line| format!("{line}\n").into_bytes())
    .to_vec()
}

/// Frames of `application/vnd.amazon.eventstream`.
fn binary_frames() -> Vec<Vec<u8>> {
    [
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"text":"hello"}}"#,
        ),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
        (
            "metadata",
            r#"{"usage":{"inputTokens":9,"outputTokens":12}}"#,
        ),
    ]
    .map(|(kind, payload)| {
        let mut headers = Vec::new();
        for (name, value) in [(":event-type", kind), (":message-type", "event")] {
            headers.push(u8::try_from(name.len()).expect("short"));
            headers.extend_from_slice(name.as_bytes());
            headers.extend([7, 0, u8::try_from(value.len()).expect("short")]);
            headers.extend_from_slice(value.as_bytes());
        }
        let length = |bytes: usize| u32::try_from(bytes).expect("short").to_be_bytes();
        let mut frame = length(headers.len() + payload.len() + 16).to_vec();
        frame.extend(length(headers.len()));
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame.extend(headers);
        frame.extend_from_slice(payload.as_bytes());
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame
    })
    .to_vec()
}

/// Two streams at once: a document and events.
fn http2() -> Traffic {
    let (mut ours, mut theirs) = (Compression::default(), Compression::default());
    let mut out = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
    let mut inbound = frame(SETTINGS, 0, 0, b"");
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "api.openai.com"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
    ];
    for stream in [1, 3] {
        out.extend(ours.headers(stream, &fields, 0));
        out.extend(data(stream, CHAT_BODY.as_bytes(), 20));
    }
    for (stream, kind) in [(1, "application/json"), (3, "text/event-stream")] {
        inbound.extend(theirs.headers(stream, &[(":status", "200"), ("content-type", kind)], 0));
    }
    for event in chat_stream(3) {
        inbound.extend(frame(0, 0, 3, &event));
    }
    inbound.extend(data(1, CHAT_ANSWER.as_bytes(), 50));
    inbound.extend(frame(0, 1, 3, b""));
    Traffic {
        name: "HTTP/2",
        out,
        inbound,
    }
}

/// The spans of a connection that is cut at these places, without their times.
fn spans(traffic: &Traffic, cuts: &[usize]) -> Vec<String> {
    let mut player = Player::new();
    let mut wire = Wire::new(1);
    for (direction, bytes) in [
        (Direction::Outbound, &traffic.out),
        (Direction::Inbound, &traffic.inbound),
    ] {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        for pair in places.windows(2).filter(|pair| pair[0] < pair[1]) {
            player.send(&mut wire, direction, &bytes[pair[0]..pair[1]]);
        }
    }
    player.close(wire);
    let mut spans: Vec<_> = player
        .calls()
        .into_iter()
        .map(|call| {
            let mut span = semconv::span(&release(call));
            // The one attribute that a time is.
            span.attributes
                .retain(|(name, _)| name != "gen_ai.response.time_to_first_chunk");
            format!("{} {:?} {:?}", span.name, span.error, span.attributes)
        })
        .collect();
    spans.sort();
    spans
}

/// What the properties compare with is right.
#[test]
fn whole_exchanges_are_told_in_full() {
    for traffic in all() {
        let spans = spans(&traffic, &[]);
        assert!(!spans.is_empty(), "{}", traffic.name);
        for span in spans {
            for fact in [
                r#""gen_ai.usage.input_tokens", Int(9)"#,
                r#""gen_ai.usage.output_tokens", Int(12)"#,
                "gen_ai.response.finish_reasons",
            ] {
                assert!(span.contains(fact), "{}: {span}", traffic.name);
            }
        }
    }
}

#[test]
fn every_single_cut_gives_the_same() {
    for traffic in all() {
        let whole = spans(&traffic, &[]);
        for cut in 0..traffic.out.len().max(traffic.inbound.len()) {
            assert_eq!(spans(&traffic, &[cut]), whole, "{} at {cut}", traffic.name);
        }
    }
}

#[test]
fn single_bytes_give_the_same() {
    for traffic in all() {
        let cuts: Vec<_> = (0..traffic.out.len().max(traffic.inbound.len())).collect();
        assert_eq!(
            spans(&traffic, &cuts),
            spans(&traffic, &[]),
            "{}",
            traffic.name
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_give_the_same(cuts in prop::collection::vec(any::<usize>(), 1..40)) {
        for traffic in all() {
            prop_assert_eq!(spans(&traffic, &cuts), spans(&traffic, &[]), "{}", traffic.name);
        }
    }
}
