use super::*;
use crate::llm::{
    realtime::testing::{Talk, at, facts},
    usage::Usage,
};

fn talk() -> Talk<OpenAiRealtime> {
    Talk::new(OpenAiRealtime::new(Some("gpt-realtime".into())))
}

const DONE: &str = r#"{"type":"response.done","response":{"id":"resp_1","status":"completed",
    "conversation_id":"conv_1","output":[
        {"type":"message","role":"assistant"},
        {"type":"function_call","name":"weather","call_id":"call_1"}],
    "usage":{"total_tokens":140,"input_tokens":100,"output_tokens":40,
        "input_token_details":{"text_tokens":60,"audio_tokens":40,"cached_tokens":64},
        "output_token_details":{"text_tokens":10,"audio_tokens":30}}}}"#;

#[test]
fn a_response_that_was_asked_for() {
    let mut talk = talk();
    talk.received(r#"{"type":"session.created","session":{"model":"gpt-realtime-2","tools":[]}}"#)
        .sent(
            r#"{"type":"session.update","session":{"output_modalities":["audio"],
                "tools":[{"type":"function","name":"weather"}]}}"#,
        )
        .sent(r#"{"type":"response.create","response":{"max_output_tokens":50}}"#)
        .received(
            r#"{"type":"response.created","response":{"id":"resp_1","status":"in_progress"}}"#,
        )
        .received(r#"{"type":"response.output_audio.delta","response_id":"resp_1","delta":""}"#)
        .received(r#"{"type":"conversation.item.input_audio_transcription.delta","delta":"x"}"#)
        .received(r#"{"type":"response.output_audio.delta","response_id":"resp_1","delta":""}"#)
        .received(DONE);
    let mut turns = talk.over();
    assert_eq!(turns.len(), 1);
    let turn = turns.remove(0);
    assert_eq!(turn.request.model.as_deref(), Some("gpt-realtime-2"));
    assert_eq!(turn.request.output_type, Some(OutputType::Speech));
    assert_eq!(turn.request.max_tokens, Some(50));
    assert_eq!(turn.request.tool_names, ["weather"]);
    assert_eq!((turn.start, turn.last_byte), (at(3), at(8)));
    assert_eq!(turn.first_byte, Some(at(4)));
    assert_eq!((turn.times.first, turn.times.count), (Some(at(5)), 2));
    assert_eq!(
        turn.answer.usage,
        Usage {
            input: Some(100),
            output: Some(40),
            cache_read: Some(64),
            ..turn.answer.usage
        }
    );
    assert!(!turn.cancelled);
    let facts = facts(turn);
    assert_eq!(facts.id.as_deref(), Some("resp_1"));
    assert_eq!(facts.conversation_id.as_deref(), Some("conv_1"));
    assert_eq!(facts.finish_reasons, ["completed"]);
    assert_eq!(facts.tool_calls[0].name, "weather");
    assert!(talk.close().is_empty());
}

/// The server detects the end of speech and answers by itself; another speech breaks that off.
#[test]
fn a_response_to_speech_begins_when_the_speech_ended() {
    let mut talk = talk();
    talk.sent(r#"{"type":"input_audio_buffer.append","audio":""}"#)
        .received(r#"{"type":"input_audio_buffer.speech_stopped"}"#)
        .received(r#"{"type":"input_audio_buffer.committed"}"#)
        .received(r#"{"type":"response.created","response":{"id":"r"}}"#)
        .received(
            r#"{"type":"response.done","response":{"id":"r","status":"cancelled",
                "status_details":{"type":"cancelled","reason":"turn_detected"},
                "usage":{"input_tokens":5,"output_tokens":1,"total_tokens":6}}}"#,
        );
    let turn = talk.over().remove(0);
    assert_eq!(turn.start, at(2));
    assert!(turn.cancelled);
    assert_eq!(turn.answer.usage.output, Some(1));
}

#[test]
fn xai_counts_beside_the_response() {
    let mut talk = talk();
    talk.sent(r#"{"type":"response.create"}"#)
        .received(r#"{"type":"response.created","response":{"id":"r","usage":{}}}"#)
        .received(
            r#"{"type":"response.done","response":{"id":"r","status":"completed",
                "status_details":"unimplemented","usage":{}},"response_id":"r",
                "usage":{"input_tokens":8,"output_tokens":376,"total_tokens":384}}"#,
        );
    let usage = talk.over().remove(0).answer.usage;
    assert_eq!((usage.input, usage.output), (Some(8), Some(376)));
}

#[test]
fn failures() {
    let mut talk = talk();
    talk.sent(r#"{"type":"response.create","event_id":"e1"}"#)
        .received(r#"{"type":"error","error":{"type":"invalid_request_error","code":null,"event_id":"e0"}}"#)
        .received(
            r#"{"type":"error","error":{"type":"invalid_request_error","code":"bad_model","event_id":"e1"}}"#,
        )
        .sent(r#"{"type":"response.create"}"#)
        .received(r#"{"type":"response.created","response":{"id":"r"}}"#)
        .received(
            r#"{"type":"response.done","response":{"id":"r","status":"failed","status_details":
                {"type":"failed","error":{"type":"server_error","code":"oops"}},"usage":null}}"#,
        );
    let turns = talk.over();
    let errors: Vec<_> = turns
        .iter()
        .map(|turn| turn.answer.error.as_deref())
        .collect();
    assert_eq!(errors, [Some("bad_model"), Some("oops")]);
    assert_eq!(turns[1].answer.usage, Usage::default());
}

/// Two at a time, out of the conversation: their events are told apart by their ids.
#[test]
fn responses_at_the_same_time() {
    let mut talk = talk();
    talk.sent(r#"{"type":"response.create"}"#)
        .sent(r#"{"type":"response.create"}"#)
        .received(r#"{"type":"response.created","response":{"id":"a"}}"#)
        .received(r#"{"type":"response.created","response":{"id":"b"}}"#)
        .received(r#"{"type":"response.output_text.delta","response_id":"b"}"#)
        .received(r#"{"type":"response.done","response":{"id":"b","status":"completed"}}"#)
        .received(r#"{"type":"response.done","response":{"id":"a","status":"completed"}}"#);
    let turns = talk.over();
    assert_eq!(turns[0].start, at(2));
    assert_eq!((turns[0].times.count, turns[1].times.count), (1, 0));
}

#[test]
fn what_is_open_at_the_end_is_told() {
    let mut talk = talk();
    talk.sent(r#"{"type":"response.create"}"#)
        .received(r#"{"type":"response.created","response":{"id":"a"}}"#)
        .sent(r#"{"type":"response.create"}"#);
    assert!(talk.over().is_empty());
    assert_eq!(talk.close().len(), 2);
}

#[test]
fn a_response_whose_beginning_was_lost_is_reported_with_a_gap() {
    let mut talk = talk();
    talk.received(DONE);
    let turn = talk.over().remove(0);
    assert_eq!(turn.capture, CaptureState::Gap);
    assert_eq!(turn.answer.usage.input, Some(100));
}
