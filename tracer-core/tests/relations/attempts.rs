//! Attempts at the same: retries and fallbacks.

use std::time::Duration;

use crate::{
    scene::{Answer, Ask, Scene, user},
    tree::assert_tree,
};

#[test]
fn a_retry_stands_beside_what_it_repeats() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.exchange(&mut on, &ask, &Answer::error(429, "rate_limit_exceeded"));
    scene.wait(Duration::from_secs(1));
    scene.exchange(
        &mut on,
        &ask.clone().with("x-stainless-retry-count", "1"),
        &Answer::error(503, "overloaded"),
    );
    // Another connection, and no word of a retry.
    let mut other = scene.connect(1);
    scene.exchange(&mut other, &ask, &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=3
            2 chat m | !rate_limit_exceeded | <derived:status | A=derived:first_call | #1 first derived:status
            3 chat m | !overloaded | <observed:retry_count | A=derived:first_call | #2 retry after rate_limit_exceeded observed:retry_count | ->2 previous_attempt observed:retry_count
            4 chat m | <derived:body | A=derived:first_call | #3 retry after overloaded derived:body | ->3 previous_attempt derived:body
        ",
    );
}

#[test]
fn a_key_of_the_client_settles_it() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = |text: &str| {
        Ask::chat("m", &[user(text)]).with("idempotency-key", "stainless-python-retry-1")
    };
    scene.exchange(
        &mut on,
        &ask("At 10:00"),
        &Answer::error(500, "server_error"),
    );
    scene.exchange(&mut on, &ask("At 10:01"), &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=2
            2 chat m | !server_error | <derived:status | A=derived:first_call | #1 first derived:status
            3 chat m | <observed:idempotency_key | A=derived:first_call | #2 retry after server_error observed:idempotency_key | ->2 previous_attempt observed:idempotency_key
        ",
    );
}

#[test]
fn another_model_after_a_failure_is_a_fallback() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let messages = [user("Hello there")];
    scene.exchange(
        &mut on,
        &Ask::chat("big", &messages),
        &Answer::error(503, "overloaded"),
    );
    let mut other = scene.connect(1);
    let elsewhere = Ask::chat("small", &messages).at("api.groq.com");
    scene.exchange(&mut other, &elsewhere, &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=2
            2 chat big | !overloaded | <derived:status | A=derived:first_call | #1 first derived:status
            3 chat small | <inferred:messages | A=derived:first_call | #2 fallback after overloaded inferred:messages | ->2 previous_attempt inferred:messages
        ",
    );
}

#[test]
fn the_same_after_a_success_is_no_attempt() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let messages = [user("Hello there")];
    for model in ["big", "big", "small"] {
        scene.exchange(
            &mut on,
            &Ask::chat(model, &messages),
            &Answer::text("Hello."),
        );
    }
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat big | A=derived:first_call
        trace
          2 chat big | B=derived:first_call
        trace
          3 chat small | C=derived:first_call
        ",
    );
}

#[test]
fn nobody_tries_again_after_a_minute() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.exchange(&mut on, &ask, &Answer::error(500, "server_error"));
    scene.wait(Duration::from_secs(90));
    scene.exchange(&mut on, &ask, &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | !server_error | A=derived:first_call | attempt.count=1
            2 chat m | !server_error | <derived:status | A=derived:first_call | #1 first derived:status
        trace
          3 chat m | B=derived:first_call
        ",
    );
}

#[test]
fn who_asks_for_patience_is_waited_for() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    let limited = Answer::error(429, "rate_limit_exceeded").with("retry-after", "120");
    scene.exchange(&mut on, &ask, &limited);
    scene.wait(Duration::from_secs(110));
    scene.exchange(&mut on, &ask, &Answer::text("Hello."));
    let spans = scene.finish();
    assert_eq!(
        spans.iter().filter(|span| span.name == "attempts").count(),
        1
    );
    assert_eq!(spans.len(), 3);
    assert!(
        spans
            .iter()
            .all(|span| span.place.as_ref().map(|place| place.trace)
                == spans[0].place.as_ref().map(|place| place.trace))
    );
}

#[test]
fn a_refusal_is_not_tried_again_but_elsewhere() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let messages = [user("A very long text")];
    scene.exchange(
        &mut on,
        &Ask::chat("small", &messages),
        &Answer::error(400, "context_length_exceeded"),
    );
    scene.exchange(
        &mut on,
        &Ask::chat("large", &messages),
        &Answer::text("Hello."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat small | !context_length_exceeded | A=derived:first_call
          2 chat large | A=derived:first_call | #2 fallback after context_length_exceeded inferred:messages | ->1 previous_attempt inferred:messages
        ",
    );
}

#[test]
fn a_connection_that_breaks_is_tried_again() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.ask(&mut on, &ask);
    scene.wait(Duration::from_millis(500));
    scene.close(&on);
    let mut again = scene.connect(1);
    scene.exchange(&mut again, &ask, &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=2
            2 chat m | <derived:status | A=derived:first_call | #1 first derived:status
            3 chat m | <derived:body | A=derived:first_call | #2 retry after cancelled derived:body | ->2 previous_attempt derived:body
        ",
    );
}
