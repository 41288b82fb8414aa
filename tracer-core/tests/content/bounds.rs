//! Want of room, gaps and bodies that break off: said, never hidden.

use tracer_core::{
    llm::{
        call::CaptureState,
        content::{ContentCapture, Missing, Part},
    },
    pipeline::{Pipeline, PipelineConfig},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    time::Timestamp,
};

use crate::{
    call, keeping, render,
    wire::{CHAT_ANSWER, CHAT_BODY, Player, Wire, chat_request, chat_stream, chunked, json},
};

const ID: ConnectionId = ConnectionId {
    process: ProcessKey(1),
    handle: 1,
    generation: 1,
};

#[test]
fn what_finds_no_room_is_cut_and_said() {
    let body = CHAT_BODY.replace("hi", &"x".repeat(5_000));
    let call = call(
        &mut keeping(4_000),
        &chat_request(&body),
        &json(CHAT_ANSWER),
        &[],
    );
    let content = call.content().expect("kept");
    let Part::Text(text) = &content.input[0].parts[0] else {
        panic!("no text");
    };
    assert_eq!(text.text().len() as u64 + text.cut(), 5_000);
    assert_eq!(content.request.cut_bytes, text.cut());
    assert!(text.text().len() <= 3_000);
    // There is room for the answer whatever was asked.
    assert_eq!(render::answered(content), ["0 stop: hello"]);
    assert_eq!(call.facts().capture, CaptureState::Complete);
    assert_eq!(call.facts().usage.output, Some(12));
}

#[test]
fn nothing_is_joined_across_a_gap() {
    let request = chat_request(CHAT_BODY);
    let events = chat_stream(4);
    let response = chunked("text/event-stream", &events);
    // The second event is lost.
    let at = |event: usize| {
        let needle = &events[event];
        let places = response.windows(needle.len());
        let mut places = places.enumerate().filter(|(_, window)| window == needle);
        places.next().expect("an event").0
    };
    let mut player = keeping(64 << 10);
    let (lost, seen_again) = (at(1), at(1) + events[1].len());
    for (direction, offset, bytes) in [
        (Direction::Outbound, 0, &request[..]),
        (Direction::Inbound, 0, &response[..lost]),
        (Direction::Inbound, seen_again, &response[seen_again..]),
    ] {
        player.pipeline.segment(&Segment {
            connection: ID,
            direction,
            offset: offset as u64,
            time: Timestamp::from_unix_nanos(1),
            turn: 0,
            bytes,
        });
    }
    player
        .pipeline
        .close(ID, Timestamp::from_unix_nanos(2), None);
    let calls = player.calls();
    let content = calls[0].content().expect("kept");
    let texts: Vec<_> = content.output[0].parts.iter().collect();
    assert!(
        matches!(texts.as_slice(), [Part::Text(before), Part::Lost, Part::Text(after)]
            if before.text() == " word 0" && after.text().ends_with(" word 3")),
        "{texts:?}"
    );
    assert_eq!(content.answer.missing, Some(Missing::Gap));
}

#[test]
fn a_body_that_breaks_off_is_kept_as_far_as_it_goes() {
    let mut player = Player::new();
    player.pipeline = Pipeline::new(PipelineConfig {
        body_bytes: 120,
        content: ContentCapture::Keep { per_call: 64 << 10 },
        ..PipelineConfig::default()
    });
    let body = r#"{"model":"gpt-5","messages":[{"role":"user","content":"one"},{"role":"user","content":"two, and a lot more of it that goes on and on and on"}]}"#;
    let call = call(
        &mut player,
        &chat_request(body),
        &json(r#"{"id":"1"}"#),
        &[],
    );
    let content = call.content().expect("kept");
    let asked = render::asked(content);
    assert_eq!(asked[0], "user: one");
    assert!(asked[1].starts_with("user: two, and"), "{asked:?}");
    assert_eq!(content.request.missing, Some(Missing::Bound));
}

/// Half of a surrogate pair costs one character.
#[test]
fn texts_that_were_cut_between_surrogates_are_kept() {
    let body = CHAT_BODY.replace("hi", r"\ud83e\udd80 and half \ud83e");
    let event = |text: &str| {
        format!("data: {{\"id\":\"1\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
            .into_bytes()
    };
    let mut events = vec![event(r"a \ud83e"), event(r"\udd80 b")];
    events.extend(chat_stream(0));
    let call = call(
        &mut keeping(64 << 10),
        &chat_request(&body),
        &chunked("text/event-stream", &events),
        &[],
    );
    let content = call.content().expect("kept");
    assert_eq!(render::asked(content), ["user: 🦀 and half \u{fffd}"]);
    assert_eq!(render::answered(content), ["0 stop: a \u{fffd}\u{fffd} b"]);
}

/// Too much is held: content goes first, and the call is as right as without.
#[test]
fn content_goes_before_metadata() {
    let mut player = Player::new();
    player.pipeline = Pipeline::new(PipelineConfig {
        held_bytes: 100 << 10,
        content: ContentCapture::Keep { per_call: 1 << 20 },
        ..PipelineConfig::default()
    });
    let body = CHAT_BODY.replace("hi", &"x".repeat(60_000));
    let response = chunked("text/event-stream", &chat_stream(20_000));
    let mut wire = Wire::new(1);
    player.exchange(&mut wire, &chat_request(&body), &response);
    player.close(wire);
    let calls = player.calls();
    let facts = calls[0].facts();
    assert_eq!(facts.capture, CaptureState::Complete);
    assert_eq!((facts.usage.input, facts.usage.output), (Some(9), Some(12)));
    assert_eq!(facts.response.chunks, 20_000);
    let content = calls[0].content().expect("what became of it");
    assert!(content.input.is_empty() && content.output.is_empty());
    assert_eq!(content.request.missing, Some(Missing::Dropped));
    assert_eq!(content.answer.missing, Some(Missing::Dropped));
}

/// A stream that ends early says so.
#[test]
fn an_answer_that_was_cut_is_not_whole() {
    let mut response = chunked("text/event-stream", &chat_stream(3));
    response.truncate(response.len() / 2);
    let call = call(
        &mut keeping(64 << 10),
        &chat_request(CHAT_BODY),
        &response,
        &[],
    );
    let content = call.content().expect("kept");
    assert_eq!(content.answer.missing, Some(Missing::Cut));
    assert!(render::answered(content)[0].starts_with("0 -:  word 0"));
}
