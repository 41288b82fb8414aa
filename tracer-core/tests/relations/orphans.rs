//! Whatever stands below a span of ours finds it, in its own trace.

use std::time::Duration;

use serde_json::json;
use tracer_core::semconv::{Span, SpanLink};

use crate::{
    scene::{Answer, Ask, Scene, asked, assistant, gave, user},
    tree::{assert_tree, place, tree},
};

/// Every parent of this host is there, in the same trace; no span is there twice.
#[track_caller]
fn assert_whole(spans: &[Span]) {
    for (at, span) in spans.iter().enumerate() {
        let own = place(span);
        let is_same = |other: &Span| place(other).span == own.span;
        assert!(!spans[..at].iter().any(is_same), "\n{}", tree(spans));
        let Some((parent, false)) = own.parent else {
            continue;
        };
        let is_parent =
            |other: &Span| place(other).span == parent && place(other).trace == own.trace;
        assert!(
            spans.iter().any(is_parent),
            "{}\n{}",
            span.name,
            tree(spans)
        );
    }
}

fn task() -> [(&'static str, &'static str, serde_json::Value); 1] {
    [(
        "toolu_1",
        "Task",
        json!({"prompt": "Look for bugs in main.rs."}),
    )]
}

#[test]
fn a_tool_whose_agent_was_seen_leaves_though_nobody_waits_for_it() {
    let first = [user("Review this, please.")];
    let go_on = [
        first[0].clone(),
        asked(&task()),
        user("Never mind, I saw it."),
    ];
    // The user goes on; the process ends; it is silent for long.
    for end in 0..3 {
        let mut scene = Scene::new();
        let (mut on, mut other) = (scene.connect(1), scene.connect(1));
        scene.exchange(&mut on, &Ask::chat("m", &first), &Answer::tools(&task()));
        let sub = [user("Look for bugs in main.rs.")];
        scene.exchange(&mut other, &Ask::chat("s", &sub), &Answer::text("None."));
        match end {
            0 => scene.exchange(&mut on, &Ask::chat("m", &go_on), &Answer::text("Well.")),
            1 => scene.process_ends(1),
            _ => scene.wait(Duration::from_mins(31)),
        }
        let spans = scene.finish();
        assert_whole(&spans);
        assert!(spans.iter().any(|span| span.name == "execute_tool Task"));
    }
}

#[test]
fn a_tool_lasts_as_long_as_its_agent_works() {
    let mut scene = Scene::new();
    let (mut on, mut other) = (scene.connect(1), scene.connect(1));
    let main = [user("Review this, please.")];
    scene.exchange(&mut on, &Ask::chat("m", &main), &Answer::tools(&task()));
    let mut sub = vec![user("Look for bugs in main.rs.")];
    for (id, answer) in [("call_x1", None), ("call_x2", Some("There are none."))] {
        // No longer than a quarter of an hour at a time.
        scene.wait(Duration::from_mins(15));
        let read = [(id, "Read", json!({"path": "main.rs"}))];
        let answered = answer.map_or_else(|| Answer::tools(&read), Answer::text);
        scene.exchange(&mut other, &Ask::chat("s", &sub), &answered);
        sub.extend([asked(&read), gave(id, "fn main() {}")]);
    }
    scene.wait(Duration::from_mins(15));
    let main = [
        main[0].clone(),
        asked(&task()),
        gave("toolu_1", "There are none."),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &main),
        &Answer::text("All is well."),
    );
    let spans = scene.finish();
    assert_whole(&spans);
    let end = |name: &str| {
        let of_name = spans.iter().filter(|span| span.name == name);
        of_name.map(|span| span.end).max()
    };
    assert_eq!(end("execute_tool Task"), end("chat s"));
}

/// A request that a caller traces apart from those before it.
fn traced(ask: Ask, trace: u8) -> Ask {
    let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e47{trace:02x}-00f067aa0ba902b7-01");
    ask.with("traceparent", &parent)
}

#[test]
fn attempts_that_are_traced_apart_stay_in_their_traces() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    let failed = Answer::error(503, "overloaded");
    scene.exchange(&mut on, &traced(ask.clone(), 1), &failed);
    let limited = Answer::error(429, "rate_limit_exceeded");
    scene.exchange(&mut on, &traced(ask.clone(), 2), &limited);
    scene.exchange(&mut on, &traced(ask, 3), &Answer::text("Hello."));
    let spans = scene.finish();
    assert_whole(&spans);
    let links = assert_linked(&spans);
    assert_eq!(links, 2, "{spans:#?}");
}

#[test]
fn a_tool_that_another_trace_asked_for_says_which() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let tool = |city: &str| [("call_Rk2mZ81vTq", "weather", json!({ "city": city }))];
    let first = [user("How warm is it in Bern?")];
    let again = [("call_Zz9sQ77kLm", "weather", json!({"city": "Basel"}))];
    scene.exchange(
        &mut on,
        &traced(Ask::chat("m", &first), 1),
        &Answer::tools(&tool("Bern")),
    );
    let second = [
        first[0].clone(),
        asked(&tool("Bern")),
        gave("call_Rk2mZ81vTq", "7 degrees"),
    ];
    scene.exchange(
        &mut on,
        &traced(Ask::chat("m", &second), 2),
        &Answer::tools(&again),
    );
    let third = [
        second.as_slice(),
        &[asked(&again), gave("call_Zz9sQ77kLm", "8 degrees")],
    ]
    .concat();
    scene.exchange(
        &mut on,
        &traced(Ask::chat("m", &third), 3),
        &Answer::text("7 and 8 degrees."),
    );
    let spans = scene.finish();
    let tools = spans
        .iter()
        .filter(|span| span.name == "execute_tool weather");
    assert_eq!(tools.count(), 2);
    assert_linked(&spans);
}

/// Each link leads to a span; returns how many there are.
fn assert_linked(spans: &[Span]) -> usize {
    let links = spans.iter().flat_map(|span| &span.links);
    let there = |link: &&SpanLink| {
        let mut places = spans.iter().filter_map(|span| span.place.as_ref());
        places.any(|place| (place.trace, place.span) == (link.trace, link.span))
    };
    let count = links.clone().count();
    assert_eq!(links.filter(there).count(), count, "{spans:#?}");
    count
}

#[test]
fn what_a_process_tries_again_in_the_turn_of_another_one_leaves_with_it() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(2));
    let tool = [("call_Rk2mZ81vTq", "weather", json!({"city": "Bern"}))];
    let first = [user("How warm is it in Bern?")];
    scene.exchange(&mut one, &Ask::chat("m", &first), &Answer::tools(&tool));
    let second = [
        first[0].clone(),
        asked(&tool),
        gave("call_Rk2mZ81vTq", "7 degrees"),
    ];
    let failed = Answer::error(503, "overloaded");
    scene.exchange(&mut two, &Ask::chat("m", &second), &failed);
    scene.process_ends(2);
    let has_left = scene.so_far().iter().any(|span| span.name == "attempts");
    assert!(has_left);
    assert_whole(&scene.finish());
}

#[test]
fn a_server_that_is_seen_before_its_client_is_part_of_its_trace() {
    let mut scene = Scene::new();
    let (mut client, mut server) = (scene.connect(1), scene.connect(2));
    let ask = Ask::chat("m", &[user("Hello there")]).at("127.0.0.1");
    let answer = Answer::text("Hello.");
    // The write is reported after the read of what it wrote.
    scene.be_asked(&mut server, &ask);
    scene.ask(&mut client, &ask);
    scene.wait(Duration::from_millis(100));
    scene.give(&mut server, &answer);
    scene.answer(&mut client, &answer);
    let spans = scene.finish();
    assert_eq!(spans.len(), 2);
    assert_eq!(
        place(&spans[0]).trace,
        place(&spans[1]).trace,
        "\n{}",
        tree(&spans)
    );
}

#[test]
fn a_connection_that_was_forgotten_and_goes_on_has_other_spans() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.exchange(&mut on, &ask, &Answer::text("Hello."));
    scene.forget(&on);
    let second = [user("Hello there"), assistant("Hello."), user("Go on.")];
    scene.exchange(&mut on, &Ask::chat("m", &second), &Answer::text("Well."));
    let spans = scene.finish();
    assert_eq!(spans.len(), 2);
    assert_whole(&spans);
}

/// Two processes ask the same, and the server reads what the second wrote before that is told.
#[test]
fn a_client_that_is_told_late_leaves_it_likely_who_asked() {
    let mut scene = Scene::new();
    let ask = Ask::chat("m", &[user("Hello there")]);
    let (mut one, mut two) = (scene.connect(1), scene.connect(3));
    let mut served = [scene.connect(2), scene.connect(2)];
    scene.ask(&mut one, &ask);
    scene.be_asked(&mut served[0], &ask);
    scene.ask(&mut two, &ask);
    scene.be_asked(&mut served[1], &ask);
    for on in &mut served {
        scene.give(on, &Answer::text("Hello."));
    }
    for on in [&mut one, &mut two] {
        scene.answer(on, &Answer::text("Hello."));
    }
    scene.wait(Duration::from_secs(1));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
            2 chat m | <inferred:both_ends | A=inferred:both_ends
        trace
          3 chat m | B=derived:first_call
            4 chat m | <inferred:both_ends | B=inferred:both_ends
        ",
    );
}
