//! What a peer can send to harm: bounded, counted, and the next exchange on the connection is right.

mod wire;

use std::io::Write as _;

use tracer_core::llm::call::{Call, CallFacts, CaptureState, Captured};
use wire::{
    CHAT_ANSWER, CHAT_BODY, Player, Wire, answer, chat_request, chat_stream, chunked, json,
};

/// Plays an exchange that means harm and a normal one after it; the calls of both.
fn survived(request: &[u8], response: &[u8]) -> (Player, Vec<Call<Captured>>) {
    let mut player = Player::new();
    let mut wire = Wire::new(1);
    player.exchange(&mut wire, request, response);
    player.exchange(&mut wire, &chat_request(CHAT_BODY), &json(CHAT_ANSWER));
    player.close(wire);
    let calls = player.calls();
    let last = calls.last().expect("the next exchange").facts();
    assert_eq!(last.usage.input, Some(9), "the next exchange is right");
    assert_eq!(last.usage.output, Some(12));
    assert_eq!(last.capture, CaptureState::Complete);
    (player, calls)
}

/// The call of the exchange that means harm.
fn harmed(request: &[u8], response: &[u8]) -> CallFacts {
    let (_, calls) = survived(request, response);
    assert_eq!(calls.len(), 2, "both are reported");
    calls[0].facts().clone()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("content-type: application/json\r\ncontent-encoding: {coding}\r\n");
    answer(&headers, body)
}

const BOMB_BYTES: usize = 200 << 20;

#[test]
fn a_gzip_bomb_is_cut_off() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = [b' '; 1 << 16];
    for _ in 0..BOMB_BYTES / zeros.len() {
        encoder.write_all(&zeros).expect("memory");
    }
    let bomb = encoder.finish().expect("memory");
    let facts = harmed(&chat_request(CHAT_BODY), &coded("gzip", &bomb));
    assert_eq!(facts.capture, CaptureState::Truncated);
    assert!(facts.response.body_bytes < 65 << 20);
}

#[test]
fn a_zstd_bomb_is_cut_off() {
    let bomb = zstd::bulk::compress(&vec![b' '; BOMB_BYTES], 1).expect("memory");
    let facts = harmed(&chat_request(CHAT_BODY), &coded("zstd", &bomb));
    assert_ne!(facts.capture, CaptureState::Complete);
    assert!(facts.response.body_bytes < 65 << 20);
}

#[test]
fn a_brotli_bomb_is_cut_off() {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 1, 22);
    let zeros = [b' '; 1 << 16];
    for _ in 0..BOMB_BYTES / zeros.len() {
        encoder.write_all(&zeros).expect("memory");
    }
    let bomb = encoder.into_inner();
    let facts = harmed(&chat_request(CHAT_BODY), &coded("br", &bomb));
    assert_ne!(facts.capture, CaptureState::Complete);
    assert!(facts.response.body_bytes < 65 << 20);
}

/// A head that is not understood costs the exchange, and no other.
#[test]
fn a_flood_of_headers_costs_one_exchange() {
    for (count, length) in [(10_000, 20), (1, 1 << 20)] {
        let value = "v".repeat(length);
        let flood: String = (0..count).map(|n| format!("x-{n}: {value}\r\n")).collect();
        let (_, calls) = survived(
            &chat_request(CHAT_BODY),
            &answer(&flood, CHAT_ANSWER.as_bytes()),
        );
        for call in &calls[..calls.len() - 1] {
            assert_ne!(call.facts().capture, CaptureState::Complete);
            assert_eq!(call.facts().usage.input, None, "absent, not wrong");
        }

        let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{flood}");
        let request = format!(
            "{head}content-length: {}\r\n\r\n{CHAT_BODY}",
            CHAT_BODY.len()
        );
        survived(request.as_bytes(), &json(CHAT_ANSWER));
    }
}

#[test]
fn json_as_deep_as_it_gets_is_no_answer() {
    let deep = "[".repeat(1 << 20);
    let nested = r#"{"a":"#.repeat(1 << 18);
    for body in [deep, nested] {
        let facts = harmed(&chat_request(CHAT_BODY), &json(&body));
        assert_eq!(facts.usage.input, None);
        let request = format!(r#"{{"model":"gpt-5","messages":[{body}"#);
        let facts = harmed(&chat_request(&request), &json(CHAT_ANSWER));
        assert_eq!(
            facts.usage.input,
            Some(9),
            "the answer is read all the same"
        );
    }
}

#[test]
fn an_event_without_end_is_skipped() {
    let mut events = vec![[b"data: ".as_slice(), &vec![b'x'; 9 << 20]].concat()];
    events.extend(chat_stream(2));
    let facts = harmed(
        &chat_request(CHAT_BODY),
        &chunked("text/event-stream", &events),
    );
    assert_eq!(facts.capture, CaptureState::Truncated);
    assert_eq!(facts.usage.input, Some(9), "the events behind it are read");
}

#[test]
fn a_body_over_the_bound_is_counted() {
    let text = "x".repeat(9 << 20);
    let body = CHAT_ANSWER.replace("hello", &text);
    let facts = harmed(&chat_request(CHAT_BODY), &json(&body));
    assert_eq!(facts.capture, CaptureState::Truncated);
    assert_eq!(facts.response.body_bytes, body.len() as u64);
}

/// Sizes that do not fit a number, or make no sense.
#[test]
fn nonsense_in_the_framing_costs_one_exchange() {
    for size in ["ffffffffffffffff0", "-1", "zz", ""] {
        let wire = format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{size}\r\n{CHAT_ANSWER}\r\n0\r\n\r\n"
        );
        survived(&chat_request(CHAT_BODY), wire.as_bytes());
    }
}
