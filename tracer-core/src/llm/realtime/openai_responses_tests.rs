use super::*;
use crate::llm::realtime::testing::{Talk, at, facts};

const CREATE: &str = r#"{"type":"response.create","model":"gpt-5","input":"hi",
    "previous_response_id":"resp_0"}"#;

#[test]
fn a_message_is_a_request_and_its_stream_the_answer() {
    let mut talk = Talk::new(OpenAiResponses);
    talk.sent(CREATE)
        .received(
            r#"{"type":"response.created","response":{"id":"resp_1","model":"gpt-5-1","status":"in_progress"}}"#,
        )
        .received(r#"{"type":"response.output_text.delta","delta":"x"}"#)
        .received(
            r#"{"type":"response.completed","response":{"id":"resp_1","model":"gpt-5-1",
                "status":"completed","output":[],
                "usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10}}}"#,
        )
        .sent(CREATE);
    let mut turns = talk.over();
    assert_eq!(turns.len(), 1);
    let turn = turns.remove(0);
    assert_eq!(turn.request.model.as_deref(), Some("gpt-5"));
    assert_eq!(turn.request.previous_response_id.as_deref(), Some("resp_0"));
    assert_eq!((turn.start, turn.times.first), (at(1), Some(at(3))));
    assert_eq!(turn.answer.usage.output, Some(3));
    assert_eq!(facts(turn).id.as_deref(), Some("resp_1"));
    assert_eq!(talk.close().len(), 1, "the second is open");
}

#[test]
fn streams_are_told_apart_and_errors_end_them() {
    let mut talk = Talk::new(OpenAiResponses);
    talk.sent(r#"{"type":"response.create","stream_id":"a","model":"m","input":"x"}"#)
        .sent(r#"{"type":"response.create","stream_id":"b","model":"m","input":"x"}"#)
        .received(
            r#"{"type":"error","status":429,"stream_id":"b","error":{"type":"requests","code":"rate_limit_exceeded"}}"#,
        );
    let turns = talk.over();
    assert_eq!(turns[0].key.as_deref(), Some("b"));
    assert_eq!(
        turns[0].answer.error.as_deref(),
        Some("rate_limit_exceeded")
    );
    assert_eq!(talk.close()[0].key.as_deref(), Some("a"));
}
