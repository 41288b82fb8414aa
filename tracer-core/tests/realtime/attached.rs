//! Sessions that were opened before the agent came.

use tracer_core::{
    llm::call::CaptureState, policy::release, segment::Direction, semconv, verdict::Verdict,
};

use crate::wire::{Deflate, Style, Wire};

const CREATE: &str = r#"{"type":"response.create"}"#;
const CREATED: &str = r#"{"type":"response.created","response":{"id":"resp_1"}}"#;
const DONE: &str = r#"{"type":"response.done","response":{"id":"resp_1","status":"completed",
    "usage":{"input_tokens":12,"output_tokens":34,"total_tokens":46}}}"#;

fn late(deflate: Deflate) -> Wire {
    Wire::new(Style {
        fragment: usize::MAX,
        piece: usize::MAX,
        deflate,
    })
}

#[test]
fn messages_tell_what_the_handshake_would_have() {
    let mut wire = late(Deflate::No);
    wire.sent(CREATE);
    wire.received(CREATED);
    wire.received(&DONE.replace("resp_1\",", "resp_1\",\"object\":\"realtime.response\","));
    let mut calls = wire.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(wire.verdict(), Some(Verdict::Full));
    assert_eq!(calls[0].facts().capture, CaptureState::Headers);
    let span = semconv::span(&release(calls.remove(0)));
    let text = format!("{span:?}");
    for fact in [
        r#"("gen_ai.usage.input_tokens", Int(12))"#,
        r#"("gen_ai.usage.output_tokens", Int(34))"#,
        r#"("gen_ai.response.id", Str("resp_1"))"#,
        r#"("gen_ai.provider.name", Str("openai"))"#,
        r#"("llm_tracer.api", Str("openai.realtime"))"#,
        r#"("llm_tracer.capture_state", Str("headers"))"#,
    ] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
    for unknown in [
        "server.address",
        "http.response.status_code",
        "gen_ai.request.model",
    ] {
        assert!(!text.contains(unknown), "{unknown} in {text}");
    }
}

#[test]
fn a_turn_that_had_begun_says_so() {
    let mut wire = late(Deflate::No);
    // The rest of some message.
    wire.bytes(Direction::Inbound, &[b'a'; 1_000]);
    wire.received(DONE);
    let calls = wire.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].facts().capture, CaptureState::Gap);
    assert_eq!(calls[0].facts().usage.output, Some(34));
}

#[test]
fn a_live_session_of_google() {
    let mut wire = late(Deflate::No);
    wire.sent(r#"{"clientContent":{"turns":[{}],"turnComplete":true}}"#);
    wire.received(r#"{"serverContent":{"modelTurn":{"parts":[{}]}}}"#);
    wire.received(
        r#"{"serverContent":{"turnComplete":true},
            "usageMetadata":{"promptTokenCount":7,"responseTokenCount":5,"totalTokenCount":12}}"#,
    );
    let calls = wire.calls();
    assert_eq!(calls.len(), 1);
    let facts = calls[0].facts();
    assert_eq!(facts.api.0, "google.live");
    assert_eq!((facts.usage.input, facts.usage.output), (Some(7), Some(5)));
}

/// What they refer to went by before; nobody can tell what they say.
#[test]
fn messages_that_are_compressed_cannot_be_read() {
    for deflate in [Deflate::Takeover, Deflate::Reset] {
        let mut wire = late(deflate);
        for _ in 0..40 {
            wire.sent(CREATE);
            wire.received(CREATED);
            wire.received(DONE);
        }
        assert!(wire.calls().is_empty());
        assert_eq!(wire.verdict(), Some(Verdict::Ignore), "{deflate:?}");
    }
}

/// Servers compress what is long.
#[test]
fn what_is_compressed_between_others_is_a_gap() {
    let mut wire = late(Deflate::No);
    wire.sent(CREATE);
    wire.received(CREATED);
    wire.bytes(Direction::Inbound, b"\xc1\x04\xaa\x02\x04\x00");
    wire.received(DONE);
    let calls = wire.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].facts().capture, CaptureState::Gap);
}

#[test]
fn other_messages_end_it_in_time() {
    let mut wire = late(Deflate::No);
    for price in 0..64 {
        assert!(wire.calls().is_empty());
        assert_ne!(wire.verdict(), Some(Verdict::Ignore));
        wire.received(&format!(r#"{{"price":{price}}}"#));
    }
    assert!(wire.calls().is_empty());
    assert_eq!(wire.verdict(), Some(Verdict::Ignore));
}

/// A message of a client that the process reads.
#[test]
fn what_the_process_serves_is_left() {
    let mut wire = late(Deflate::No);
    wire.bytes(Direction::Inbound, b"\x81\x82\0\0\0\0{}");
    assert!(wire.calls().is_empty());
    assert_eq!(wire.verdict(), Some(Verdict::Ignore));
}
