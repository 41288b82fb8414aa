use super::*;
use crate::llm::realtime::testing::{Talk, at, facts};

const SETUP: &str = r#"{"setup":{"model":"models/gemini-live","generationConfig":
    {"responseModalities":["AUDIO"],"temperature":0.5},
    "tools":[{"functionDeclarations":[{"name":"weather"}]}]}}"#;
const ASK: &str = r#"{"client_content":{"turns":[{"parts":[{"text":"hi"}]}],"turnComplete":true}}"#;
const AUDIO: &str = r#"{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":""}}]}}}"#;

fn talk() -> Talk<GoogleLive> {
    let mut talk = Talk::new(GoogleLive::default());
    talk.sent(SETUP).received(r#"{"setupComplete":{}}"#);
    talk
}

#[test]
fn a_turn_with_a_tool_call_in_it() {
    let mut talk = talk();
    talk.sent(ASK)
        .received(r#"{"toolCall":{"functionCalls":[{"name":"weather","id":"f1","args":{}}]}}"#)
        .sent(r#"{"tool_response":{"functionResponses":[{"id":"f1"}]}}"#)
        .received(AUDIO)
        .received(r#"{"serverContent":{"generationComplete":true}}"#)
        .received(
            r#"{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":1150,
                "responseTokenCount":85,"totalTokenCount":1235,"thoughtsTokenCount":28}}"#,
        )
        .sent(ASK)
        .received(AUDIO);
    let mut turns = talk.over();
    assert_eq!(turns.len(), 1);
    let turn = turns.remove(0);
    assert_eq!(turn.request.model.as_deref(), Some("gemini-live"));
    assert_eq!(turn.request.temperature, Some(0.5));
    assert_eq!(turn.request.output_type, Some(OutputType::Speech));
    assert_eq!(turn.request.tool_names, ["weather"]);
    assert_eq!(
        (turn.start, turn.times.first, turn.last_byte),
        (at(3), Some(at(4)), at(8))
    );
    let usage = turn.answer.usage;
    assert_eq!(
        (usage.input, usage.output, usage.reasoning),
        (Some(1150), Some(85), Some(28))
    );
    assert_eq!(facts(turn).tool_calls[0].id.as_deref(), Some("f1"));
    let open = talk.close();
    assert_eq!((open.len(), open[0].start), (1, at(9)));
}

/// Vertex ends a turn at the tool call; what follows it is another one.
#[test]
fn a_turn_that_goes_on_from_the_results_of_tools() {
    let mut talk = talk();
    talk.sent(ASK)
        .received(r#"{"toolCall":{"functionCalls":[{"name":"weather","id":"f1"}]}}"#)
        .sent(r#"{"tool_response":{"functionResponses":[{"id":"f1"}]}}"#)
        .received(r#"{"serverContent":{"generationComplete":true}}"#)
        .received(
            r#"{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":24,
                "candidatesTokenCount":5,"totalTokenCount":29}}"#,
        )
        .received(AUDIO)
        .received(
            r#"{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":44,
                "candidatesTokenCount":61,"thoughtsTokenCount":9,"totalTokenCount":114}}"#,
        );
    let turns = talk.over();
    let seen: Vec<_> = turns
        .iter()
        .map(|turn| {
            (
                turn.start,
                turn.answer.usage.input,
                turn.answer.usage.output,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [(at(3), Some(24), Some(5)), (at(5), Some(44), Some(70))]
    );
    assert!(talk.close().is_empty());
}

#[test]
fn usage_may_follow_its_turn_or_come_for_each_generation() {
    let usage = |prompt: u32, said: u32| {
        format!(
            r#"{{"usageMetadata":{{"promptTokenCount":{prompt},"responseTokenCount":{said}}}}}"#
        )
    };
    let mut talk = talk();
    talk.sent(ASK)
        .received(AUDIO)
        .received(r#"{"serverContent":{"turnComplete":true}}"#)
        .received(&usage(10, 4))
        .sent(ASK)
        .received(AUDIO)
        .received(&usage(20, 1))
        .received(&usage(20, 2))
        .received(&usage(25, 3))
        .received(r#"{"serverContent":{"turnComplete":true}}"#);
    let seen: Vec<_> = talk
        .over()
        .iter()
        .map(|turn| (turn.answer.usage.input, turn.answer.usage.output))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(10), Some(4)),
            (Some(20), Some(2)),
            (Some(25), Some(3))
        ]
    );
    assert!(talk.close().is_empty());
}

#[test]
fn a_turn_that_is_interrupted_is_cancelled() {
    let mut talk = talk();
    talk.received(AUDIO)
        .received(r#"{"serverContent":{"interrupted":true}}"#)
        .received(r#"{"serverContent":{"turnComplete":true}}"#)
        .received(AUDIO);
    let turns = talk.over();
    assert_eq!(
        (turns.len(), turns[0].cancelled, turns[0].start),
        (1, true, at(3))
    );
    assert_eq!(turns[0].answer.usage, Usage::default());
    assert!(!talk.close()[0].cancelled);
}

#[test]
fn what_was_asked_and_never_answered_is_told() {
    let mut talk = talk();
    talk.sent(ASK);
    assert_eq!(talk.close().len(), 1);
}
