//! What a peer can send to harm: bounded, counted, and the next exchange on the connection is right.

#[path = "http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::io::Write as _;

use frames::{CONTINUATION, Compression, END_HEADERS, HEADERS, PREFACE, SETTINGS, data, frame};
use tracer_core::{
    llm::call::{Call, CallFacts, CaptureState, Captured},
    segment::Direction,
};
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

/// Far below the bound on sizes, but a thousand times what came over the wire.
#[test]
fn a_gzip_bomb_is_cut_off() {
    let bytes = 4 << 20;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; bytes]).expect("memory");
    let bomb = encoder.finish().expect("memory");
    let facts = harmed(&chat_request(CHAT_BODY), &coded("gzip", &bomb));
    assert_eq!(facts.capture, CaptureState::Truncated);
    assert!(facts.response.body_bytes < bytes as u64);
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

/// A connection of HTTP/2 on which stream 1 sends `head` as its request, and stream 3 means no harm.
fn survived_http2(head: &[Vec<u8>], mut compression: Compression) {
    let mut player = Player::new();
    let mut wire = Wire::new(1);
    player.send(&mut wire, Direction::Outbound, PREFACE);
    player.send(&mut wire, Direction::Outbound, &frame(SETTINGS, 0, 0, b""));
    player.send(&mut wire, Direction::Inbound, &frame(SETTINGS, 0, 0, b""));
    for part in head {
        player.send_in(&mut wire, Direction::Outbound, part, 16 << 10);
    }
    player.send(
        &mut wire,
        Direction::Outbound,
        &data(1, CHAT_BODY.as_bytes(), 1 << 14),
    );
    let request = compression.headers(3, &fields(), 0);
    player.send(&mut wire, Direction::Outbound, &request);
    player.send(
        &mut wire,
        Direction::Outbound,
        &data(3, CHAT_BODY.as_bytes(), 1 << 14),
    );
    let mut answers = Compression::default();
    for stream in [1, 3] {
        let head = answers.headers(stream, &[(":status", "200")], 0);
        player.send(&mut wire, Direction::Inbound, &head);
        let body = data(stream, CHAT_ANSWER.as_bytes(), 1 << 14);
        player.send(&mut wire, Direction::Inbound, &body);
    }
    player.close(wire);
    let calls = player.calls();
    let third = calls
        .iter()
        .find(|call| call.facts().exchange.0 == 1)
        .or(calls.last())
        .expect("the stream that means no harm");
    assert_eq!(third.facts().usage.input, Some(9));
    assert_eq!(third.facts().usage.output, Some(12));
}

fn fields() -> [(&'static str, &'static str); 4] {
    [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "api.openai.com"),
        (":path", "/v1/chat/completions"),
    ]
}

/// One entry of 4 KB in the table, named again and again: a block of 60 KB becomes 240 MB of fields.
#[test]
fn a_bomb_of_compressed_headers_is_cut_off() {
    let mut compression = Compression::default();
    let value = "v".repeat(3_900);
    let mut block = compression.block(&fields());
    block.extend(compression.block(&[("x-large", &value)]));
    // The newest entry of the table is number 62.
    block.extend(std::iter::repeat_n(0x80 | 62, 60_000));
    let (first, rest) = block.split_at(16_000);
    let mut head = vec![frame(HEADERS, 0, 1, first)];
    let parts: Vec<_> = rest.chunks(16_000).collect();
    for (number, part) in parts.iter().enumerate() {
        let end = if number + 1 == parts.len() {
            END_HEADERS
        } else {
            0
        };
        head.push(frame(CONTINUATION, end, 1, part));
    }
    survived_http2(&head, compression);
}

/// A megabyte of one header, and ten thousand small ones, in CONTINUATION frames.
#[test]
fn a_flood_of_continuations_costs_one_stream() {
    for (count, length) in [(1, 1 << 20), (10_000, 20)] {
        let value = "v".repeat(length);
        let mut compression = Compression::default();
        let mut block = compression.block(&fields());
        for number in 0..count {
            // Literals that the table does not get.
            let name = format!("x-{number}");
            block.push(0);
            block.push(u8::try_from(name.len()).expect("short"));
            block.extend_from_slice(name.as_bytes());
            integer(&mut block, value.len());
            block.extend_from_slice(value.as_bytes());
        }
        let mut head = vec![frame(HEADERS, 0, 1, b"")];
        head.extend(
            block
                .chunks(16_000)
                .map(|part| frame(CONTINUATION, 0, 1, part)),
        );
        head.push(frame(CONTINUATION, END_HEADERS, 1, b""));
        survived_http2(&head, compression);
    }
}

/// A length with a prefix of seven bits, RFC 7541 section 5.1.
fn integer(block: &mut Vec<u8>, value: usize) {
    if value < 127 {
        return block.push(u8::try_from(value).expect("small"));
    }
    block.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).expect("small") | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).expect("small"));
}
