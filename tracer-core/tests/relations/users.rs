//! Several users of one process, who ask the same.

use std::time::Duration;

use serde_json::json;
use tracer_core::{
    attribution::{AttributionRules, Dimension, Salt},
    http::allow_list::AllowList,
    pipeline::PipelineConfig,
};

use crate::{
    scene::{Answer, Ask, Scene, asked, assistant, gave, user},
    tree::assert_tree,
};

#[test]
fn who_asks_the_same_at_the_same_time_is_somebody_else() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(1));
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.ask(&mut one, &ask);
    scene.ask(&mut two, &ask);
    scene.answer(&mut one, &Answer::text("Hello."));
    scene.answer(&mut two, &Answer::text("Good day."));
    // Each goes on with the answer that it was given, wherever.
    let goes_on = |answer: &str| {
        Ask::chat(
            "m",
            &[user("Hello there"), assistant(answer), user("How are you?")],
        )
    };
    scene.exchange(&mut one, &goes_on("Good day."), &Answer::text("Fine."));
    scene.exchange(&mut two, &goes_on("Hello."), &Answer::text("Well."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | B=derived:first_call
        trace
          3 chat m | B=derived:messages | ->2 previous_call derived:messages
        trace
          4 chat m | A=derived:messages | ->1 previous_call derived:messages
        ",
    );
}

#[test]
fn who_is_answered_the_same_is_told_by_the_connection_or_not_at_all() {
    let mut scene = Scene::new();
    let (mut one, mut two, mut three) = (scene.connect(1), scene.connect(1), scene.connect(1));
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.exchange(&mut one, &ask, &Answer::text("Hello."));
    scene.exchange(&mut two, &ask, &Answer::text("Hello."));
    let second = Ask::chat(
        "m",
        &[
            user("Hello there"),
            assistant("Hello."),
            user("Who are you?"),
        ],
    );
    scene.exchange(&mut two, &second, &Answer::text("A model."));
    scene.exchange(&mut three, &second, &Answer::text("A machine."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | B=derived:first_call
        trace
          3 chat m | B=inferred:messages | ->2 previous_call inferred:messages
        trace
          4 chat m | C=derived:first_call
        ",
    );
}

#[test]
fn another_users_question_is_no_part_of_a_turn() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(1));
    let tool = [(
        "call_1",
        "search",
        json!({"query": "prices of flats in Bern"}),
    )];
    let first = [user("What does a flat cost?")];
    scene.exchange(&mut one, &Ask::chat("m", &first), &Answer::tools(&tool));
    scene.exchange(
        &mut two,
        &Ask::chat("m", &[user("Something else entirely")]),
        &Answer::text("Indeed."),
    );
    let second = [first[0].clone(), asked(&tool), gave("call_1", "much")];
    scene.exchange(&mut one, &Ask::chat("m", &second), &Answer::text("Much."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool search | <derived:turn | A=derived:first_call | tool.time=upper_bound | ->2 asked_by derived:tool_call
            4 chat m | <derived:messages | A=derived:messages
        trace
          5 chat m | B=derived:first_call
        ",
    );
}

#[test]
fn two_that_fail_alike_are_each_tried_again_once() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(1));
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.ask(&mut one, &ask);
    scene.ask(&mut two, &ask);
    scene.answer(&mut one, &Answer::error(429, "rate_limit_exceeded"));
    scene.answer(&mut two, &Answer::error(429, "rate_limit_exceeded"));
    scene.wait(Duration::from_secs(1));
    scene.exchange(&mut one, &ask, &Answer::text("Hello."));
    scene.exchange(&mut two, &ask, &Answer::text("Good day."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=2
            2 chat m | !rate_limit_exceeded | <derived:status | A=derived:first_call | #1 first derived:status
            3 chat m | <inferred:body | A=derived:first_call | #2 retry after rate_limit_exceeded inferred:body | ->2 previous_attempt inferred:body
        trace
          4 attempts | B=derived:first_call | attempt.count=2
            5 chat m | !rate_limit_exceeded | <derived:status | B=derived:first_call | #1 first derived:status
            6 chat m | <inferred:body | B=derived:first_call | #2 retry after rate_limit_exceeded inferred:body | ->5 previous_attempt inferred:body
        ",
    );
}

#[test]
fn a_hedge_is_no_retry() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(1));
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.ask(&mut one, &ask);
    scene.wait(Duration::from_millis(300));
    scene.ask(&mut two, &ask);
    scene.answer(&mut two, &Answer::text("Hello."));
    scene.close(&one);
    let spans = scene.finish();
    let retries = spans.iter().filter(|span| {
        let number = span.attribute("llm_tracer.attempt.number");
        number.is_some_and(|number| *number != tracer_core::semconv::Value::Int(1))
    });
    assert_eq!(retries.count(), 0);
}

fn with_keys() -> Scene {
    let sources = [(Dimension::Workspace, vec!["api-key".parse().unwrap()])];
    let attribution = AttributionRules::new(&sources, Salt::new([1; Salt::BYTES]));
    Scene::with(PipelineConfig {
        headers: attribution.admitted(AllowList::default()),
        attribution,
        ..PipelineConfig::default()
    })
}

#[test]
fn tenants_who_count_their_sessions_alike_have_others() {
    for header in ["helicone-session-id", "x-session-id"] {
        let mut scene = with_keys();
        let mut on = scene.connect(1);
        for (key, text) in [
            ("Bearer sk-one", "Hello there"),
            ("Bearer sk-two", "Good morning"),
            ("Bearer sk-one", "Who are you?"),
            ("Bearer sk-two", "What is new?"),
        ] {
            let ask = Ask::chat("m", &[user(text)])
                .with("authorization", key)
                .with(header, "chat-1");
            scene.exchange(&mut on, &ask, &Answer::text("Hello."));
        }
        let spans = scene.finish();
        assert_tree(
            &spans,
            &"
            trace
              1 chat m | A=observed:HEADER
            trace
              2 chat m | B=observed:HEADER
            trace
              3 chat m | A=observed:HEADER
            trace
              4 chat m | B=observed:HEADER
            "
            .replace("HEADER", header),
        );
    }
}

/// Two providers, two keys, one agent.
#[test]
fn a_session_goes_on_at_another_provider() {
    let mut scene = with_keys();
    let mut on = scene.connect(1);
    for (host, key) in [
        ("api.openai.com", "Bearer sk-one"),
        ("api.groq.com", "Bearer gsk-two"),
    ] {
        let ask = Ask::chat("m", &[user(host)])
            .at(host)
            .with("authorization", key)
            .with("helicone-session-id", "chat-1");
        scene.exchange(&mut on, &ask, &Answer::text("Hello."));
    }
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=observed:helicone-session-id
        trace
          2 chat m | A=observed:helicone-session-id
        ",
    );
}
