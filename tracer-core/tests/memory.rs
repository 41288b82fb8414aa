//! What connections and streams cost in memory, counted by the allocator.
//!
//! Alone in its binary, and one test: other threads would be counted, too.

#[path = "wire/allocator.rs"]
mod allocator;
#[path = "http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use allocator::allocated;
use frames::{Compression, PREFACE, SETTINGS, frame};
use tracer_core::{correlate::Relations, pipeline::PipelineConfig, segment::Direction};
use wire::{CHAT_ANSWER, CHAT_BODY, Player, Wire, chat_request, chat_stream, chunked, json};

/// Connections that are averaged over, so that what all of them share does not matter.
const CONNECTIONS: u64 = 1_000;

/// Bytes of a call by which later ones can be joined, most of them for three marks.
const REMEMBERED: usize = 700;

/// Exchanges over one HTTP/2 connection, with headers as clients and providers send them: as many as
/// fill both tables of header compression.
fn http2_exchanges(count: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut ours, mut theirs) = (Compression::default(), Compression::default());
    let mut preface = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
    let mut settings = frame(SETTINGS, 0, 0, b"");
    (0..count)
        .map(|number| {
            let stream = number * 2 + 1;
            let key = format!("Bearer sk-{}", "x".repeat(160));
            let length = CHAT_BODY.len().to_string();
            let request = [
                (":method", "POST"),
                (":scheme", "https"),
                (":authority", "api.openai.com"),
                (":path", "/v1/chat/completions"),
                ("accept", "application/json"),
                ("authorization", key.as_str()),
                ("content-type", "application/json"),
                ("content-length", length.as_str()),
                ("user-agent", "OpenAI/Python 1.102.0"),
                ("x-stainless-lang", "python"),
                ("x-stainless-retry-count", "0"),
            ];
            let id = format!("req_{number:032x}");
            let left = format!("{}", 149_000_000 + number);
            let time = (400 + number).to_string();
            let response = [
                (":status", "200"),
                ("content-type", "application/json"),
                ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
                ("openai-organization", "org-0123456789"),
                ("openai-processing-ms", time.as_str()),
                ("openai-version", "2020-10-01"),
                ("x-ratelimit-limit-requests", "30000"),
                ("x-ratelimit-limit-tokens", "150000000"),
                ("x-ratelimit-remaining-requests", "29999"),
                ("x-ratelimit-remaining-tokens", left.as_str()),
                ("x-ratelimit-reset-requests", "2ms"),
                ("x-request-id", id.as_str()),
                (
                    "set-cookie",
                    "__cf_bm=0123456789abcdef; path=/; HttpOnly; Secure",
                ),
                ("server", "cloudflare"),
                ("cf-ray", id.as_str()),
            ];
            let mut out = std::mem::take(&mut preface);
            out.extend(ours.headers(stream, &request, 0));
            out.extend(frame(0, 1, stream, CHAT_BODY.as_bytes()));
            let mut inbound = std::mem::take(&mut settings);
            inbound.extend(theirs.headers(stream, &response, 0));
            inbound.extend(frame(0, 1, stream, CHAT_ANSWER.as_bytes()));
            (out, inbound)
        })
        .collect()
}

/// Bytes that each connection keeps after it was used.
fn kept(relations: Relations, mut play: impl FnMut(&mut Player, &mut Wire)) -> usize {
    let mut player = Player::with(PipelineConfig {
        relations,
        ..PipelineConfig::default()
    });
    let before = allocated();
    let mut wires: Vec<_> = (0..CONNECTIONS).map(Wire::new).collect();
    let wire_bytes = size_of_val(wires.as_slice());
    for wire in &mut wires {
        play(&mut player, wire);
        drop(player.calls());
    }
    let kept = allocated() - before - wire_bytes;
    for wire in wires {
        player.close(wire);
        drop(player.calls());
    }
    // Calls are remembered, of which each takes its part whatever it said.
    let remembered = match relations {
        Relations::All => REMEMBERED * CONNECTIONS as usize,
        _ => 0,
    };
    let left = allocated() - before;
    assert!(
        left < kept / 8 + remembered,
        "of {kept} bytes {left} are left when all is over"
    );
    kept / usize::try_from(CONNECTIONS).expect("small")
}

fn idle_of(request: &[u8]) -> usize {
    kept(Relations::Off, |player, wire| {
        player.exchange(wire, request, &json(CHAT_ANSWER));
    })
}

#[test]
fn connections_and_streams_stay_small() {
    let request = chat_request(CHAT_BODY);

    let idle = idle_of(&request);
    println!("an idle connection after a document: {idle} bytes");
    assert!(idle < 4 << 10, "{idle}");

    let stream = chunked("text/event-stream", &chat_stream(200));
    let idle = kept(Relations::Off, |player, wire| {
        player.exchange(wire, &request, &stream)
    });
    println!("an idle connection after a stream: {idle} bytes");
    assert!(idle < 4 << 10, "{idle}");

    // With the tables full it holds what its peers hold: twice 4 KB as header compression counts.
    for (count, most) in [(1, 4 << 10), (100, 6 << 10)] {
        let exchanges = http2_exchanges(count);
        let idle = kept(Relations::Off, |player, wire| {
            for (request, response) in &exchanges {
                player.exchange(wire, request, response);
            }
        });
        println!("an idle connection of HTTP/2 after {count} exchanges: {idle} bytes");
        assert!(idle < most, "{idle}");
    }

    // Up to the last piece of text, in the middle of an event.
    let part = &stream[..stream.len() - 300];
    let open = kept(Relations::All, |player, wire| {
        player.send(wire, Direction::Outbound, &request);
        player.send_in(wire, Direction::Inbound, part, 700);
    });
    println!("a stream of 200 chunks under way: {open} bytes");
    assert!(open < 64 << 10, "{open}");

    // All that can be remembered is: more calls, each of a session of its own, take no more.
    let mut player = Player::new();
    let mut wire = Wire::new(1);
    let mut grown = Vec::new();
    for number in 0..26_000 {
        let body = CHAT_BODY.replace("hi", &format!("Question {number}"));
        let answer = CHAT_ANSWER.replace("chatcmpl-1", &format!("chatcmpl-{number}"));
        let answer = answer.replace("hello", &format!("Answer {number}"));
        player.exchange(&mut wire, &chat_request(&body), &json(&answer));
        drop(player.calls());
        if number % 1_000 == 999 {
            grown.push(allocated());
        }
    }
    let (first, full, last) = (grown[0], grown[22], grown[25]);
    println!(
        "a call that is remembered: {} bytes",
        (grown[19] - first) / 19_000
    );
    println!("all that is remembered: {} bytes", full - first);
    assert!((grown[19] - first) / 19_000 < REMEMBERED, "{grown:?}");
    assert!(last < full + full / 50, "{grown:?}");

    let quiet = kept(Relations::Off, |player, wire| {
        player.send(wire, Direction::Inbound, &[7; 512])
    });
    println!("a connection of which nothing is known: {quiet} bytes");
    assert!(quiet < 4 << 10, "{quiet}");
}
