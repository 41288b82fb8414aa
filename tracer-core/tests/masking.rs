//! Masked traffic gives the same spans, and holds none of the secrets in it.

use proptest::prelude::*;
use tracer_core::{
    correlate::{IdKey, Relations},
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{release, release_step},
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey},
    semconv,
    tape::{Entry, Reader, mask::Mask},
    time::Timestamp,
};

/// Stands in the credentials and the content of the tapes.
const SECRETS: [&str; 2] = ["canary", "Say hello"];

const TAPES: [&str; 4] = [
    include_str!("tapes/openai_chat.jsonl"),
    include_str!("tapes/openai_chat_stream.jsonl"),
    include_str!("tapes/anthropic_stream_tool.jsonl"),
    include_str!("tapes/errors.jsonl"),
];

/// Of real clients, some with coded answers.
const RECORDINGS: [&str; 4] = [
    include_str!("tapes/clients/node_anthropic.jsonl"),
    include_str!("tapes/clients/node_openai.jsonl"),
    include_str!("tapes/clients/python_anthropic.jsonl"),
    include_str!("tapes/clients/python_openai.jsonl"),
];

fn entries(tape: &str) -> Vec<Entry> {
    let reader = Reader::new(tape.as_bytes(), Timestamp::default()).expect("a tape");
    reader.map(|entry| entry.expect("an entry")).collect()
}

fn masked(entries: &[Entry]) -> Vec<Entry> {
    let mut mask = Mask::new(&PipelineConfig::default());
    let mut out = Vec::new();
    for entry in entries {
        if let Some(segment) = entry.segment() {
            mask.segment(&segment, &mut |masked| out.push(Entry::from(masked)));
        }
        match entry {
            Entry::Close {
                connection,
                time,
                counts,
            } => out.push(Entry::Close {
                connection: *connection,
                time: *time,
                counts: mask.close(*connection, *counts),
            }),
            Entry::Process { .. } | Entry::Segment { .. } | Entry::Leave { .. } => {}
        }
    }
    out
}

/// Everything that is reported, as text. Verdicts may differ: what is no call, and what a server
/// says, is hardly there.
fn spans(entries: &[Entry]) -> Vec<String> {
    let mut pipeline = Pipeline::new(PipelineConfig {
        ids: IdKey::Fixed(1),
        // Which texts are equal, a mask does not tell.
        relations: Relations::ByIds,
        ..PipelineConfig::default()
    });
    for entry in entries {
        entry.play(&mut pipeline);
    }
    std::iter::from_fn(|| pipeline.poll())
        .filter_map(|output| match output {
            Output::Call(call) => Some(format!("{:#?}", semconv::span(&release(*call)))),
            Output::LostExchanges(..) => Some(format!("{output:?}")),
            Output::Step(step) => Some(format!("{:#?}", semconv::step_span(&release_step(*step)))),
            Output::Evaluation(verdict) => Some(format!("{verdict:#?}")),
            Output::Verdict(..) => None,
        })
        .collect()
}

fn bytes(entries: &[Entry]) -> String {
    let of = |entry: &Entry| match entry {
        Entry::Segment { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    entries.iter().map(of).collect()
}

#[test]
fn masked_tapes_give_the_same_spans() {
    for tape in TAPES {
        let entries = entries(tape);
        let masked = masked(&entries);
        let text = bytes(&masked);
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(spans(&masked), spans(&entries), "{text}");
        assert_eq!(
            text.len(),
            bytes(&entries).len(),
            "nothing of a tape without codings is left out"
        );
    }
}

#[test]
fn masked_recordings_give_the_same_spans() {
    for tape in RECORDINGS {
        let entries = entries(tape);
        let masked = masked(&entries);
        let text = bytes(&masked);
        for secret in ["n=", "sk-local", "__cf_bm"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let (masked, whole) = (spans(&masked), spans(&entries));
        assert_eq!(masked.len(), whole.len());
        for (masked, whole) in masked.iter().zip(&whole) {
            assert_eq!(masked, whole);
        }
    }
}

/// A connection with one exchange, each direction cut at some places.
fn exchange(request: &[u8], response: &[u8], cuts: &[usize]) -> Vec<Entry> {
    let connection = ConnectionId {
        process: ProcessKey(1),
        handle: 1,
        generation: 1,
    };
    let mut entries = Vec::new();
    for (direction, bytes) in [
        (Direction::Outbound, request),
        (Direction::Inbound, response),
    ] {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        entries.extend(
            places
                .windows(2)
                .filter(|pair| pair[0] < pair[1])
                .map(|pair| Entry::Segment {
                    connection,
                    direction,
                    offset: pair[0] as u64,
                    time: Timestamp::from_unix_nanos(5),
                    turn: 0,
                    bytes: bytes[pair[0]..pair[1]].to_vec(),
                }),
        );
    }
    entries.push(Entry::Close {
        connection,
        time: Timestamp::from_unix_nanos(9),
        counts: Some(FinalCounts {
            outbound: request.len() as u64,
            inbound: response.len() as u64,
            turns: 0,
        }),
    });
    entries
}

const REQUEST: &str =
    r#"{"model":"gpt-5","messages":[{"role":"user","content":"secret"}],"user":"secret"}"#;
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-2025","choices":[{"index":0,"message":{"role":"assistant","content":"secret"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#;

fn request(host: &str, path: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer secret\r\nContent-Length: {}\r\n\r\n{REQUEST}",
        REQUEST.len()
    )
    .into_bytes()
}

fn gzip_answer() -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(ANSWER.as_bytes()).expect("memory");
    let body = encoder.finish().expect("memory");
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nSet-Cookie: secret\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend(body);
    answer
}

#[test]
fn what_is_no_call_is_hardly_there() {
    let answer = b"HTTP/1.1 200 secret\r\nSet-Cookie: secret\r\nContent-Length: 6\r\n\r\nsecret";
    let entries = exchange(
        &request("bank.example", "/secret?secret=secret"),
        answer,
        &[],
    );
    let text = bytes(&masked(&entries));
    assert!(!text.contains("secret") && !text.contains("bank"), "{text}");
    assert!(text.contains("Content-Length: 6"), "{text}");
}

#[test]
fn what_is_not_http_1_is_left_out() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nsecret";
    assert_eq!(bytes(&masked(&exchange(preface, b"secret", &[]))), "");
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    let served = exchange(answer, &request("localhost", "/v1/chat/completions"), &[]);
    assert_eq!(bytes(&masked(&served)), "", "served, not asked");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_coded_answer_is_told_however_it_is_cut(cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        let entries = exchange(&request("api.openai.com", "/v1/chat/completions"), &gzip_answer(), &cuts);
        let masked = masked(&entries);
        let text = bytes(&masked);
        prop_assert!(!text.contains("secret"), "{}", text);
        prop_assert_eq!(spans(&masked), spans(&entries));
    }

    #[test]
    fn nothing_is_told_behind_a_loss(
        cuts in prop::collection::vec(any::<usize>(), 1..12),
        lost in prop::collection::vec(any::<bool>(), 12),
    ) {
        let answer = format!("HTTP/1.1 200 OK\r\nSet-Cookie: secret\r\nContent-Length: {}\r\n\r\n{ANSWER}", ANSWER.len());
        let mut entries = exchange(&request("api.openai.com", "/v1/chat/completions"), answer.as_bytes(), &cuts);
        let mut lost = lost.into_iter().cycle();
        entries.retain(|entry| matches!(entry, Entry::Close { .. }) || lost.next() == Some(false));
        let masked = masked(&entries);
        let text = bytes(&masked);
        prop_assert!(!text.contains("secret"), "{}", text);
        prop_assert_eq!(spans(&masked), spans(&entries));
    }
}
