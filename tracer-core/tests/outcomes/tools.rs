//! Tools that fail, that nobody answers, and that are asked for again; and calls that are.

use std::time::Duration;

use serde_json::json;
use tracer_core::semconv::Span;

use crate::{
    results::{late, of_calls, of_span},
    scene::{Answer, Ask, Scene, asked, assistant, gave, user},
};

const LOOK: &str = "call_a1b2c3d4";
const SAVE: &str = "call_e5f6a7b8";

fn of_tools(spans: &[Span]) -> Vec<String> {
    let tools = spans
        .iter()
        .filter(|span| span.name.starts_with("execute_tool"));
    tools.flat_map(of_span).collect()
}

#[test]
fn a_tool_fails_as_its_result_says_or_begins() {
    for (result, expected) in [
        (
            "Error: no such file",
            Some("tool_error fail 0 (look) inferred result_text"),
        ),
        (
            r#"{"error": {"code": 7}}"#,
            Some("tool_error fail 0 (look) inferred result_text"),
        ),
        ("Errors are described in chapter 7.", None),
    ] {
        let mut scene = Scene::new();
        let mut one = scene.connect(1);
        let tool = [(LOOK, "look", json!({"at": "it"}))];
        scene.exchange(
            &mut one,
            &Ask::chat("gpt-5", &[user("look")]),
            &Answer::tools(&tool),
        );
        let next = Ask::chat("gpt-5", &[user("look"), asked(&tool), gave(LOOK, result)]);
        scene.exchange(&mut one, &next, &Answer::text("That was that."));
        let spans = scene.finish();
        let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(of_tools(&spans), expected, "{result}");
    }
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    let blocks = json!([{"type": "tool_use", "id": "toolu_a1b2c3d4", "name": "look", "input": {}}]);
    let first = Ask::messages("claude-sonnet-4-5", &[user("look")]);
    scene.exchange(
        &mut one,
        &first,
        &Answer::blocks(blocks.clone(), "tool_use"),
    );
    let result = json!([{"type": "tool_result", "tool_use_id": "toolu_a1b2c3d4",
        "is_error": true, "content": "it was dark"}]);
    let next = Ask::messages(
        "claude-sonnet-4-5",
        &[
            user("look"),
            json!({"role": "assistant", "content": blocks}),
            json!({"role": "user", "content": result}),
        ],
    );
    let end = Answer::blocks(
        json!([{"type": "text", "text": "It was dark."}]),
        "end_turn",
    );
    scene.exchange(&mut one, &next, &end);
    assert_eq!(
        of_tools(&scene.finish()),
        ["tool_error fail 0 (look) observed is_error"]
    );
}

#[test]
fn a_conversation_may_go_on_without_a_result() {
    let both = [
        (LOOK, "look", json!({"at": 1})),
        (SAVE, "save", json!({"at": 2})),
    ];
    let first = Ask::chat("gpt-5", &[user("look and save")]);
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &first, &Answer::tools(&both));
    let next = Ask::chat(
        "gpt-5",
        &[user("look and save"), asked(&both), gave(LOOK, "seen")],
    );
    scene.exchange(&mut one, &next, &Answer::text("Half of it is done."));
    let (spans, verdicts) = scene.finish_with_verdicts();
    let result = "unanswered_tool_call fail 0 (save) derived tool_call_id".to_owned();
    assert_eq!(late(&spans, &verdicts), [(0, result)]);

    // The user goes on instead.
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &first, &Answer::tools(&both));
    let next = Ask::chat(
        "gpt-5",
        &[user("look and save"), asked(&both), user("never mind")],
    );
    scene.exchange(&mut one, &next, &Answer::text("As you like."));
    let (spans, verdicts) = scene.finish_with_verdicts();
    let result = "unanswered_tool_call fail 0 (look) derived messages".to_owned();
    assert_eq!(late(&spans, &verdicts), [(0, result)]);
}

#[test]
fn of_a_tool_that_is_the_answer_nobody_waits_for_a_result() {
    let tool = [(LOOK, "person", json!({"name": "Ada"}))];
    let first = Ask::chat("gpt-5", &[user("who is it?")]).member("tool_choice", json!("required"));
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &first, &Answer::tools(&tool));
    let next = Ask::chat(
        "gpt-5",
        &[user("who is it?"), asked(&tool), user("and who else?")],
    );
    scene.exchange(&mut one, &next, &Answer::text("Nobody."));
    // Whether the tools of an agent are run at all is not known before one has given something.
    let mut other = scene.connect(2);
    scene.exchange(
        &mut other,
        &Ask::chat("gpt-5", &[user("look there")]),
        &Answer::tools(&tool),
    );
    scene.process_ends(2);
    let (_, verdicts) = scene.finish_with_verdicts();
    assert!(verdicts.is_empty(), "{verdicts:?}");
}

#[test]
fn an_agent_may_end_before_its_tools_do() {
    let first_tool = [(LOOK, "look", json!({"at": 1}))];
    let second = [(SAVE, "save", json!({"at": 2}))];
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(
        &mut one,
        &Ask::chat("gpt-5", &[user("go")]),
        &Answer::tools(&first_tool),
    );
    let next = Ask::chat(
        "gpt-5",
        &[user("go"), asked(&first_tool), gave(LOOK, "seen")],
    );
    scene.exchange(&mut one, &next, &Answer::tools(&second));
    scene.process_ends(1);
    let (spans, verdicts) = scene.finish_with_verdicts();
    let result = "unanswered_tool_call fail 0 (save) inferred process_end".to_owned();
    assert_eq!(late(&spans, &verdicts), [(1, result)]);
}

#[test]
fn an_agent_that_turns_in_circles_is_seen() {
    let again = [(SAVE, "look", json!({"at": 1.0}))];
    let tool = [(LOOK, "look", json!({"at": 1}))];
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(
        &mut one,
        &Ask::chat("gpt-5", &[user("go")]),
        &Answer::tools(&tool),
    );
    let next = Ask::chat("gpt-5", &[user("go"), asked(&tool), gave(LOOK, "nothing")]);
    scene.exchange(&mut one, &next, &Answer::tools(&again));
    let spans = scene.finish();
    let repeated = "repeated_tool_call fail 0 (look) derived tool_arguments".to_owned();
    assert_eq!(of_calls(&spans), [vec![], vec![repeated]]);
}

#[test]
fn the_same_call_after_an_answer_is_repeated() {
    let ask = Ask::chat(
        "gpt-5",
        &[user("what is it?"), assistant("what?"), user("this")],
    );
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(1));
    scene.exchange(&mut one, &ask, &Answer::text("It is a stone."));
    scene.exchange(&mut one, &ask, &Answer::text("It is a rock."));
    // Beside each other they are meant to be several, and much later they are asked anew.
    scene.wait(Duration::from_secs(90));
    scene.ask(&mut one, &ask);
    scene.ask(&mut other, &ask);
    scene.answer(&mut one, &Answer::text("A stone it is."));
    scene.answer(&mut other, &Answer::text("A rock it is."));
    // What failed is tried again.
    scene.wait(Duration::from_secs(90));
    scene.exchange(&mut one, &ask, &Answer::error(503, "overloaded"));
    scene.exchange(&mut one, &ask, &Answer::text("A pebble."));
    let repeated = "repeated_call fail 0 derived body".to_owned();
    let expected = [vec![], vec![repeated], vec![], vec![], vec![], vec![]];
    assert_eq!(of_calls(&scene.finish()), expected);
}
