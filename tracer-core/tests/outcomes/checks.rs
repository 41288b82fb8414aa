//! Checks of what was answered.

use serde_json::json;

use crate::{
    results::of_exchange,
    scene::{Answer, Ask, user},
};

fn chat() -> Ask {
    Ask::chat("gpt-5", &[user("canary")])
}

#[test]
fn what_is_right_is_not_told() {
    assert!(of_exchange(&chat(), &Answer::text("canary")).is_empty());
    let tool = [("t1", "look", json!({"at": "canary"}))];
    assert!(of_exchange(&chat(), &Answer::tools(&tool)).is_empty());
}

#[test]
fn an_answer_may_end_too_early() {
    let message = json!({"role": "assistant", "content": "canary"});
    assert_eq!(
        of_exchange(&chat(), &Answer::message(message, "length")),
        ["truncated fail 0 output observed finish_reason"]
    );
    let ask = Ask::messages("claude-sonnet-4-5", &[user("canary")]);
    let answer = Answer::blocks(json!([{"type": "text", "text": "canary"}]), "max_tokens");
    assert_eq!(
        of_exchange(&ask, &answer),
        ["truncated fail 0 output observed finish_reason"]
    );
}

#[test]
fn an_answer_may_say_nothing() {
    let empty = "empty_answer fail 0 output observed answer";
    let message = json!({"role": "assistant", "content": ""});
    assert_eq!(
        of_exchange(&chat(), &Answer::message(message, "stop")),
        [empty]
    );
    let ask = Ask::messages("claude-sonnet-4-5", &[user("canary")]);
    assert_eq!(
        of_exchange(&ask, &Answer::blocks(json!([]), "end_turn")),
        [empty]
    );
    // It only thought about it.
    let thought = json!([{"type": "thinking", "thinking": "canary", "signature": "s"}]);
    assert_eq!(
        of_exchange(&ask, &Answer::blocks(thought, "end_turn")),
        [empty]
    );
    // Tools of the provider are at work: it goes on.
    let server =
        json!([{"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}]);
    assert!(of_exchange(&ask, &Answer::blocks(server, "pause_turn")).is_empty());
}
