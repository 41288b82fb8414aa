//! Tools that a model has to call, and results that come when nobody waits for them any more.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    scene::{Answer, Ask, Scene, asked, gave, user},
    tree::assert_tree,
};

fn weather() -> [(&'static str, &'static str, Value); 1] {
    [("call_1", "weather", json!({"city": "Bern"}))]
}

fn forced() -> Ask {
    let choice = json!({"type": "function", "function": {"name": "weather"}});
    Ask::chat("m", &[user("How warm is it in Bern?")]).member("tool_choice", choice)
}

/// The way to answers with a schema: nobody runs the tool.
#[test]
fn what_a_model_has_to_call_is_its_answer() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    scene.exchange(&mut on, &forced(), &Answer::tools(&weather()));
    assert_tree(
        scene.so_far(),
        "
        trace
          1 chat m | A=derived:first_call
        ",
    );
}

#[test]
fn who_runs_it_all_the_same_goes_on_with_its_trace() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    scene.exchange(&mut on, &forced(), &Answer::tools(&weather()));
    let second = [
        user("How warm is it in Bern?"),
        asked(&weather()),
        gave("call_1", "7 degrees"),
    ];
    let ask = Ask::chat("m", &second);
    scene.exchange(&mut on, &ask, &Answer::text("7 degrees."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
            2 chat m | <derived:messages | A=derived:messages | ->1 previous_call derived:messages
        ",
    );
}

#[test]
fn a_tool_that_took_longer_than_a_turn_goes_on_with_its_trace() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = user("How warm is it in Bern?");
    let ask = Ask::chat("m", std::slice::from_ref(&first));
    scene.exchange(&mut on, &ask, &Answer::tools(&weather()));
    scene.wait(Duration::from_mins(45));
    let second = [first, asked(&weather()), gave("call_1", "7 degrees")];
    let ask = Ask::chat("m", &second);
    scene.exchange(&mut on, &ask, &Answer::text("7 degrees."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=1 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
              3 chat m | <derived:messages | A=derived:messages | ->2 previous_call derived:messages
        ",
    );
}
