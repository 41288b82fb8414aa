//! Agents: tools, agents as tools, what they ask beside.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    scene::{Answer, Ask, Scene, asked, assistant, gave, user},
    tree::assert_tree,
};

fn weather() -> [(&'static str, &'static str, Value); 1] {
    [("call_1", "weather", json!({"city": "Bern"}))]
}

#[test]
fn a_turn_with_a_tool() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = [user("How warm is it in Bern?")];
    scene.exchange(&mut on, &Ask::chat("m", &first), &Answer::tools(&weather()));
    scene.wait(Duration::from_secs(2));
    let second = [
        first[0].clone(),
        asked(&weather()),
        gave("call_1", "7 degrees"),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &second),
        &Answer::text("7 degrees."),
    );
    // The turn is over: its root has left already.
    assert_eq!(scene.so_far().len(), 4);
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool weather | <derived:turn | A=derived:first_call | tool.time=upper_bound | ->2 asked_by derived:tool_call
            4 chat m | <derived:messages | A=derived:messages
        ",
    );
}

#[test]
fn a_second_question_is_another_turn_of_the_session() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = [user("Hello, who are you?")];
    scene.exchange(&mut on, &Ask::chat("m", &first), &Answer::text("A model."));
    let second = [first[0].clone(), assistant("A model."), user("Which one?")];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &second),
        &Answer::tools(&weather()),
    );
    // The user does not wait for the tool.
    let third = [
        second[0].clone(),
        second[1].clone(),
        second[2].clone(),
        asked(&weather()),
        gave("call_1", "interrupted"),
        user("Stop that."),
    ];
    scene.exchange(&mut on, &Ask::chat("m", &third), &Answer::text("Stopped."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 invoke_agent | A=derived:messages | turn.calls=2 | turn.tool_calls=1
            3 chat m | <derived:turn | A=derived:messages | ->1 previous_call derived:messages
            4 execute_tool weather | <derived:turn | A=derived:messages | tool.time=upper_bound | ->3 asked_by derived:tool_call
            5 chat m | <derived:messages | A=derived:messages
        ",
    );
}

#[test]
fn a_tool_that_is_seen_at_work_has_its_own_times() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let mut server = scene.connect(1);
    let first = [user("How warm is it in Bern?")];
    scene.exchange(&mut on, &Ask::chat("m", &first), &Answer::tools(&weather()));
    scene.wait(Duration::from_secs(5));
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "weather", "arguments": {"city": "Bern"}}});
    let result = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": []}});
    let mcp = Ask::post("tools.example", "/mcp", call)
        .with("mcp-protocol-version", "2025-06-18")
        .with("accept", "application/json, text/event-stream");
    scene.exchange(&mut server, &mcp, &Answer::json(result));
    let second = [
        first[0].clone(),
        asked(&weather()),
        gave("call_1", "7 degrees"),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &second),
        &Answer::text("7 degrees."),
    );
    let spans = scene.finish();
    assert_tree(
        &spans,
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool weather | <derived:turn | A=derived:first_call | tool.time=observed | ->2 asked_by derived:tool_call
              4 tools/call weather | <derived:tool_arguments
            5 chat m | <derived:messages | A=derived:messages
        ",
    );
    let tool = spans
        .iter()
        .find(|span| span.name == "execute_tool weather");
    let tool = tool.expect("the tool");
    assert!(tool.end.since(tool.start) < Duration::from_millis(200));
}

#[test]
fn an_agent_that_is_a_tool_stands_below_it() {
    let mut scene = Scene::new();
    let (mut on, mut other) = (scene.connect(1), scene.connect(1));
    let task = [(
        "toolu_1",
        "Task",
        json!({"prompt": "Look for bugs in main.rs."}),
    )];
    let main = [user("Review this, please.")];
    scene.exchange(&mut on, &Ask::chat("m", &main), &Answer::tools(&task));
    let read = [("toolu_2", "Read", json!({"path": "main.rs"}))];
    let sub = [user("Look for bugs in main.rs.")];
    scene.exchange(&mut other, &Ask::chat("small", &sub), &Answer::tools(&read));
    let sub = [
        sub[0].clone(),
        asked(&read),
        gave("toolu_2", "fn main() {}"),
    ];
    scene.exchange(
        &mut other,
        &Ask::chat("small", &sub),
        &Answer::text("There are none."),
    );
    let main = [
        main[0].clone(),
        asked(&task),
        gave("toolu_1", "There are none."),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &main),
        &Answer::text("All is well."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool Task | <derived:turn | A=derived:first_call | tool.time=observed | ->2 asked_by derived:tool_call
              4 invoke_agent | <derived:tool_arguments | B=derived:first_call | turn.calls=2 | turn.tool_calls=1
                5 chat small | <derived:turn | B=derived:first_call
                6 execute_tool Read | <derived:turn | B=derived:first_call | tool.time=upper_bound | ->5 asked_by derived:tool_call
                7 chat small | <derived:messages | B=derived:messages
            8 chat m | <derived:messages | A=derived:messages
        ",
    );
}

#[test]
fn a_session_that_is_named_holds_what_is_asked_beside() {
    let mut scene = Scene::new();
    let (mut on, mut other) = (scene.connect(1), scene.connect(1));
    let named = |ask: Ask| ask.with("x-claude-code-session-id", "0f1e");
    let tool = [("toolu_1", "Bash", json!({"command": "ls"}))];
    let used = json!({"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": tool[0].2});
    let main = [user("List the files.")];
    let answer = Answer::blocks(json!([used]), "tool_use");
    scene.exchange(&mut on, &named(Ask::messages("big", &main)), &answer);
    let title = named(Ask::messages(
        "small",
        &[user("A title for: List the files.")],
    ));
    let answer = Answer::blocks(json!([{"type": "text", "text": "Files"}]), "end_turn");
    scene.exchange(&mut other, &title, &answer);
    let main = [
        main[0].clone(),
        json!({"role": "assistant", "content": [used]}),
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1",
            "content": "no such file", "is_error": true}]}),
    ];
    let answer = Answer::blocks(json!([{"type": "text", "text": "None."}]), "end_turn");
    scene.exchange(&mut on, &named(Ask::messages("big", &main)), &answer);
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=observed:x-claude-code-session-id | turn.calls=3 | turn.tool_calls=1
            2 chat big | <derived:turn | A=observed:x-claude-code-session-id
            3 execute_tool Bash | !tool_error | <derived:turn | A=observed:x-claude-code-session-id | tool.time=upper_bound | ->2 asked_by derived:tool_call
            4 chat small | <inferred:session | A=observed:x-claude-code-session-id
            5 chat big | <derived:messages | A=observed:x-claude-code-session-id
        ",
    );
}

#[test]
fn an_application_that_traces_itself_stays_above() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let traced = |ask: Ask| {
        ask.with(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
    };
    let first = [user("How warm is it in Bern?")];
    scene.exchange(
        &mut on,
        &traced(Ask::chat("m", &first)),
        &Answer::tools(&weather()),
    );
    let second = [
        first[0].clone(),
        asked(&weather()),
        gave("call_1", "7 degrees"),
    ];
    scene.exchange(
        &mut on,
        &traced(Ask::chat("m", &second)),
        &Answer::text("7 degrees."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | <unseen observed:traceparent | A=derived:first_call
          2 execute_tool weather | <unseen observed:traceparent | A=derived:first_call | tool.time=upper_bound | ->1 asked_by derived:tool_call
          3 chat m | <unseen observed:traceparent | A=derived:messages
        ",
    );
}

#[test]
fn a_process_that_ends_takes_its_turn_with_it() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = [user("How warm is it in Bern?")];
    scene.exchange(&mut on, &Ask::chat("m", &first), &Answer::tools(&weather()));
    assert_eq!(scene.so_far().len(), 1);
    scene.process_ends(1);
    assert_eq!(scene.so_far().len(), 2);
    assert_eq!(scene.so_far()[1].name, "invoke_agent");
}

#[test]
fn a_short_argument_is_likely_what_is_asked_and_no_more() {
    let mut scene = Scene::new();
    let (mut on, mut other) = (scene.connect(1), scene.connect(1));
    let call = [("toolu_1", "guide", json!({"question": "Old town"}))];
    let ask = Ask::chat("m", &[user("What shall I see in Bern?")]);
    scene.exchange(&mut on, &ask, &Answer::tools(&call));
    let ask = Ask::chat("small", &[user("Old town")]);
    scene.exchange(&mut other, &ask, &Answer::text("It is on a hill."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=1 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool guide | <derived:turn | A=derived:first_call | tool.time=observed | ->2 asked_by derived:tool_call
              4 chat small | <inferred:tool_arguments | B=derived:first_call
        ",
    );
}
