//! Sessions written for the purpose.

use tracer_core::{
    llm::call::{CaptureState, Outcome},
    policy::release,
    segment::Direction,
    semconv,
    verdict::Verdict,
};

use crate::wire::{Deflate, Style, Wire};

const REQUEST: &str = "GET /v1/realtime?model=gpt-realtime&key=canary HTTP/1.1\r\nHost: api.openai.com\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Authorization: Bearer canary\r\nSec-WebSocket-Protocol: realtime, openai-insecure-api-key.canary\r\n\
    traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nUser-Agent: test/1\r\n\r\n";
const CREATED: &str = r#"{"type":"response.created","response":{"id":"resp_1"}}"#;
const DONE: &str = r#"{"type":"response.done","response":{"id":"resp_1","status":"completed",
    "usage":{"input_tokens":12,"output_tokens":34,"total_tokens":46}}}"#;
const STYLES: [Style; 4] = [
    style(usize::MAX, usize::MAX, Deflate::No),
    style(7, 3, Deflate::No),
    style(1_000, 16_384, Deflate::Takeover),
    style(50, 1, Deflate::Reset),
];

const fn style(fragment: usize, piece: usize, deflate: Deflate) -> Style {
    Style {
        fragment,
        piece,
        deflate,
    }
}

#[test]
fn each_response_is_a_call_with_the_context_of_the_handshake() {
    for style in STYLES {
        let mut wire = Wire::open(REQUEST, style);
        wire.sent(r#"{"type":"response.create"}"#);
        wire.received(CREATED);
        let audio = "QUJD".repeat(20_000);
        wire.received(&format!(
            r#"{{"type":"response.output_audio.delta","response_id":"resp_1","delta":"{audio}"}}"#
        ));
        assert!(wire.held() < 150 << 10, "{} bytes", wire.held());
        wire.received(DONE);
        let mut calls = wire.calls();
        assert_eq!(calls.len(), 1, "{style:?}");
        assert_eq!(wire.verdict(), Some(Verdict::Full));
        let span = semconv::span(&release(calls.remove(0)));
        assert_eq!(span.name, "chat gpt-realtime");
        assert_eq!(span.parent.as_ref().map(|parent| parent.flags), Some(1));
        let text = format!("{span:?}");
        for fact in [
            r#"("gen_ai.usage.input_tokens", Int(12))"#,
            r#"("gen_ai.usage.output_tokens", Int(34))"#,
            r#"("gen_ai.response.id", Str("resp_1"))"#,
            r#"("gen_ai.provider.name", Str("openai"))"#,
            r#"("server.address", Str("api.openai.com"))"#,
            r#"("user_agent.original", Str("test/1"))"#,
            r#"("llm_tracer.response.chunks", Int(1))"#,
        ] {
            assert!(text.contains(fact), "{fact} in {text}");
        }
        assert!(!text.contains("canary"));
        wire.close();
        assert!(wire.calls().is_empty());
    }
}

#[test]
fn a_loss_worsens_what_is_under_way_and_nothing_else() {
    let mut wire = Wire::open(REQUEST, style(usize::MAX, usize::MAX, Deflate::No));
    wire.sent(r#"{"type":"response.create"}"#);
    wire.received(CREATED);
    wire.lose(r#"{"type":"response.output_text.delta","response_id":"resp_1"}"#);
    wire.received(DONE);
    wire.sent(r#"{"type":"response.create"}"#);
    wire.received(r#"{"type":"response.created","response":{"id":"resp_2"}}"#);
    wire.received(&DONE.replace("resp_1", "resp_2"));
    let calls = wire.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.facts().capture, call.facts().usage.output))
        .collect();
    assert_eq!(
        seen,
        [
            (CaptureState::Gap, Some(34)),
            (CaptureState::Complete, Some(34))
        ]
    );
}

#[test]
fn a_turn_that_is_open_at_the_end_was_broken_off() {
    for (close, expected) in [
        (&b"\x88\x02\x03\xe8"[..], Outcome::Cancelled),
        (
            b"\x88\x02\x03\xf3",
            Outcome::Failed {
                error_type: "1011".into(),
            },
        ),
    ] {
        let mut wire = Wire::open(REQUEST, style(9, 9, Deflate::No));
        wire.sent(r#"{"type":"response.create"}"#);
        wire.received(CREATED);
        wire.bytes(Direction::Inbound, close);
        wire.close();
        let calls = wire.calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].facts().outcome, expected);
    }
}

#[test]
fn a_handshake_that_is_refused_is_a_failed_call() {
    let mut wire = Wire::new(style(9, 9, Deflate::No));
    wire.bytes(Direction::Outbound, REQUEST.as_bytes());
    wire.bytes(
        Direction::Inbound,
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    );
    let calls = wire.calls();
    assert_eq!(calls.len(), 1);
    let facts = calls[0].facts();
    assert_eq!(facts.request.model.as_deref(), Some("gpt-realtime"));
    assert_eq!(
        facts.outcome,
        Outcome::Failed {
            error_type: "401".into()
        }
    );
}

#[test]
fn any_other_websocket_is_ignored() {
    let request = REQUEST
        .replace("/v1/realtime", "/chat/socket")
        .replace("api.openai.com", "example.org");
    let mut wire = Wire::open(&request, style(99, 99, Deflate::No));
    wire.sent(r#"{"type":"response.create"}"#);
    wire.received(DONE);
    assert!(wire.calls().is_empty());
    assert_eq!(wire.verdict(), Some(Verdict::Ignore));
}

/// Google sends JSON in whatever frames, and names the model in the first message only.
#[test]
fn a_live_session_of_google() {
    let request = REQUEST
        .replace(
            "/v1/realtime?model=gpt-realtime&key=canary",
            "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=canary",
        )
        .replace("api.openai.com", "generativelanguage.googleapis.com");
    let mut wire = Wire::open(&request, style(40, 11, Deflate::Takeover));
    wire.sent(r#"{"setup":{"model":"models/gemini-live"}}"#);
    wire.sent(r#"{"client_content":{"turns":[{}],"turnComplete":true}}"#);
    wire.received(r#"{"serverContent":{"modelTurn":{"parts":[{}]}}}"#);
    wire.received(
        r#"{"serverContent":{"turnComplete":true},
            "usageMetadata":{"promptTokenCount":7,"responseTokenCount":5,"totalTokenCount":12}}"#,
    );
    let calls = wire.calls();
    assert_eq!(calls.len(), 1);
    let facts = calls[0].facts();
    assert_eq!(facts.request.model.as_deref(), Some("gemini-live"));
    assert_eq!((facts.usage.input, facts.usage.output), (Some(7), Some(5)));
    assert_eq!(
        (&*facts.provider.0, facts.api.0),
        ("gcp.gemini", "google.live")
    );
}

#[test]
fn what_was_sent_behind_the_answer_in_one_read_belongs_to_the_session() {
    let mut wire = Wire::new(style(usize::MAX, usize::MAX, Deflate::No));
    wire.bytes(Direction::Outbound, REQUEST.as_bytes());
    let mut read = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".to_vec();
    read.extend_from_slice(b"\x82\x7e");
    read.extend_from_slice(&u16::try_from(DONE.len()).unwrap().to_be_bytes());
    read.extend_from_slice(DONE.as_bytes());
    wire.bytes(Direction::Inbound, &read);
    let calls = wire.calls();
    assert_eq!(calls[0].facts().usage.input, Some(12));
}
