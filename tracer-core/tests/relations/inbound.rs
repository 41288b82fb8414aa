//! What users asked of an application is what its calls are part of.

use std::time::Duration;

use serde_json::json;

use crate::{
    scene::{Answer, Ask, Connection, Scene, asked, gave, user},
    tree::assert_tree,
};

fn question() -> Ask {
    Ask::post(
        "app.local",
        "/chats/4711/ask",
        json!({"question": "Paris?"}),
    )
}

fn reply() -> Answer {
    Answer::json(json!({"reply": "Sunny."}))
}

/// A call that goes on from none.
fn answered(scene: &mut Scene, model: &mut Connection, question: &str) {
    let ask = Ask::chat("m", &[user(question)]);
    scene.exchange(model, &ask, &Answer::text("Sunny."));
}

#[test]
fn all_calls_for_a_request_are_below_it() {
    let mut scene = Scene::new();
    let (mut inbound, mut model) = (scene.connect(1), scene.connect(1));
    scene.be_asked(&mut inbound, &question());
    let weather = [("call_weather01", "weather", json!({"city": "Paris"}))];
    scene.exchange(
        &mut model,
        &Ask::chat("m", &[user("Paris?")]),
        &Answer::tools(&weather),
    );
    let with_result = [
        user("Paris?"),
        asked(&weather),
        gave("call_weather01", "sunny"),
    ];
    scene.exchange(
        &mut model,
        &Ask::chat("m", &with_result),
        &Answer::text("Sunny."),
    );
    // Another call, that goes on from none.
    scene.exchange(
        &mut model,
        &Ask::chat("small", &[user("A title for: Paris?")]),
        &Answer::text("Weather"),
    );
    scene.give(&mut inbound, &reply());
    assert_tree(
        &scene.finish(),
        "
        trace
          1 POST /chats/{}/ask
            2 invoke_agent | <inferred:inbound_request | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
              3 chat m | <derived:turn | A=derived:first_call
              4 execute_tool weather | <derived:turn | A=derived:first_call | tool.time=upper_bound | ->3 asked_by derived:tool_call
              5 chat m | <derived:messages | A=derived:messages
            6 chat small | <inferred:inbound_request | B=derived:first_call
        ",
    );
}

#[test]
fn a_request_that_is_part_of_a_trace_goes_on_with_it() {
    let mut scene = Scene::new();
    let (mut inbound, mut model) = (scene.connect(1), scene.connect(1));
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    scene.be_asked(&mut inbound, &question().with("traceparent", caller));
    answered(&mut scene, &mut model, "Paris?");
    scene.give(&mut inbound, &reply());
    assert_tree(
        &scene.finish(),
        "
        trace
          1 POST /chats/{}/ask | <unseen observed:traceparent
            2 chat m | <inferred:inbound_request | A=derived:first_call
        ",
    );
}

#[test]
fn of_two_requests_at_once_none_is_the_parent() {
    let mut scene = Scene::new();
    let (mut one, mut two, mut model) = (scene.connect(1), scene.connect(1), scene.connect(1));
    scene.be_asked(&mut one, &question());
    scene.be_asked(&mut two, &question());
    answered(&mut scene, &mut model, "Paris?");
    scene.give(&mut one, &reply());
    // One is answered: what is asked now is for the other.
    answered(&mut scene, &mut model, "Rome?");
    scene.give(&mut two, &reply());
    assert_tree(
        &scene.finish(),
        "
        trace
          1 POST /chats/{}/ask
            2 chat m | <inferred:inbound_request | A=derived:first_call
        trace
          3 chat m | B=derived:first_call
        ",
    );
}

#[test]
fn polls_and_other_processes_are_nobodys_parents() {
    let mut scene = Scene::new();
    let (mut poll, mut other, mut model) = (scene.connect(1), scene.connect(2), scene.connect(1));
    scene.be_asked(&mut poll, &Ask::get("app.local", "/events"));
    scene.be_asked(&mut other, &question());
    answered(&mut scene, &mut model, "Paris?");
    scene.give(&mut poll, &reply());
    scene.give(&mut other, &reply());
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        ",
    );
}

#[test]
fn a_request_that_broke_off_has_its_span() {
    let mut scene = Scene::new();
    let (mut inbound, mut model) = (scene.connect(1), scene.connect(1));
    scene.be_asked(&mut inbound, &question());
    answered(&mut scene, &mut model, "Paris?");
    scene.close(&inbound);
    // After it nothing is for it.
    scene.wait(Duration::from_secs(1));
    answered(&mut scene, &mut model, "Later");
    assert_tree(
        &scene.finish(),
        "
        trace
          1 POST /chats/{}/ask
            2 chat m | <inferred:inbound_request | A=derived:first_call
        trace
          3 chat m | B=derived:first_call
        ",
    );
}

#[test]
fn what_fails_says_so() {
    let mut scene = Scene::new();
    let (mut inbound, mut model) = (scene.connect(1), scene.connect(1));
    scene.be_asked(&mut inbound, &question());
    scene.exchange(
        &mut model,
        &Ask::chat("m", &[user("Paris?")]),
        &Answer::error(400, "bad"),
    );
    scene.give(&mut inbound, &Answer::error(502, "upstream"));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 POST /chats/{}/ask | !502
            2 chat m | !bad | <inferred:inbound_request | A=derived:first_call
        ",
    );
}
