//! Moderation of what other calls ask and answer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    results::{late, of_calls},
    scene::{Answer, Ask, Scene, user},
};

const PASS: &str = "moderation pass 0.25 input derived text";
const FLAGGED: &str = "moderation flagged 0.9 (violence) input derived text";
const QUESTION: &str = "What shall I do with this knife?";
const ANSWER: &str = "Cut the bread, and put it back.";

fn moderate(input: Value) -> Ask {
    let body = json!({"model": "omni-moderation-latest", "input": input});
    Ask::post("api.openai.com", "/v1/moderations", body)
}

fn result(flagged: bool) -> Value {
    let score = if flagged { 0.9 } else { 0.25 };
    json!({"flagged": flagged, "categories": {"violence": flagged, "hate": false},
        "category_scores": {"violence": score, "hate": 0.01}})
}

fn judged(results: &[bool]) -> Answer {
    let results: Vec<_> = results.iter().map(|flagged| result(*flagged)).collect();
    Answer::json(json!({"id": "modr-1", "model": "omni-moderation-latest", "results": results}))
}

fn chat(text: &str) -> Ask {
    Ask::chat("gpt-5", &[user(text)])
}

#[test]
fn a_question_is_judged_before_it_is_asked() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &moderate(json!(QUESTION)), &judged(&[true]));
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    // The judgement was of what was asked then.
    scene.exchange(
        &mut one,
        &chat("Another question, please."),
        &Answer::text("Yes."),
    );
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert_eq!(of_calls(&spans), [vec![], vec![FLAGGED.to_owned()], vec![]]);
    assert!(verdicts.is_empty());
    let flags = spans[0].attribute("llm_tracer.moderation.flagged");
    assert_eq!(format!("{flags:?}"), "Some(Bool(true))");
}

#[test]
fn a_question_is_judged_beside_and_behind() {
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(1));
    // The judgement comes while the question is asked.
    scene.ask(&mut one, &chat(QUESTION));
    scene.exchange(&mut other, &moderate(json!(QUESTION)), &judged(&[false]));
    scene.answer(&mut one, &Answer::text(ANSWER));
    // The question is answered before it is judged.
    scene.ask(&mut other, &moderate(json!(["Is this the right way?"])));
    scene.exchange(
        &mut one,
        &chat("Is this the right way?"),
        &Answer::text("Yes."),
    );
    scene.answer(&mut other, &judged(&[true]));
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert_eq!(
        of_calls(&spans),
        [vec![], vec![PASS.to_owned()], vec![], vec![]]
    );
    assert_eq!(late(&spans, &verdicts), [(2, FLAGGED.to_owned())]);
}

#[test]
fn an_answer_is_judged_behind() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    let both = json!([ANSWER, "a text that nobody asked for"]);
    scene.exchange(&mut one, &moderate(both), &judged(&[true, false]));
    let (spans, verdicts) = scene.finish_with_verdicts();
    let flagged = FLAGGED.replace("input", "output");
    assert_eq!(late(&spans, &verdicts), [(0, flagged)]);
    assert!(spans.iter().all(|span| span.events.is_empty()));
}

#[test]
fn part_of_a_text_is_another_text() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    let part = &QUESTION[..QUESTION.len() - 1];
    scene.exchange(&mut one, &moderate(json!(part)), &judged(&[true]));
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    scene.exchange(&mut one, &moderate(json!(&ANSWER[..12])), &judged(&[true]));
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert!(of_calls(&spans).concat().is_empty() && verdicts.is_empty());
}

#[test]
fn a_text_that_is_judged_twice_is_told_once_for_each_who_asks_it() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    for _ in 0..2 {
        scene.exchange(&mut one, &moderate(json!(QUESTION)), &judged(&[false]));
    }
    scene.wait(Duration::from_secs(1));
    let [mut first, mut second, mut third] = [(); 3].map(|()| scene.connect(1));
    for (at, connection) in [&mut first, &mut second, &mut third]
        .into_iter()
        .enumerate()
    {
        let with = chat(QUESTION).member("user", json!(at));
        scene.exchange(connection, &with, &Answer::text(ANSWER));
    }
    let (spans, _) = scene.finish_with_verdicts();
    let results = of_calls(&spans);
    assert_eq!(
        results[2..],
        [vec![PASS.to_owned()], vec![PASS.to_owned()], vec![]]
    );
}

#[test]
fn another_process_or_another_time_is_somebody_else() {
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(2));
    scene.exchange(&mut one, &moderate(json!(QUESTION)), &judged(&[true]));
    scene.exchange(&mut other, &chat(QUESTION), &Answer::text(ANSWER));
    scene.wait(Duration::from_secs(90));
    scene.exchange(
        &mut one,
        &chat(QUESTION),
        &Answer::text("Something else, later."),
    );
    scene.exchange(&mut one, &moderate(json!(ANSWER)), &judged(&[true]));
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert!(of_calls(&spans).concat().is_empty());
    assert!(verdicts.is_empty(), "{verdicts:?}");
}

#[test]
fn who_of_several_answered_it_is_not_guessed() {
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(1));
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    scene.exchange(
        &mut other,
        &chat("And what shall I do?"),
        &Answer::text(ANSWER),
    );
    let mut third = scene.connect(1);
    scene.exchange(&mut third, &moderate(json!(ANSWER)), &judged(&[true]));
    let (_, verdicts) = scene.finish_with_verdicts();
    assert!(verdicts.is_empty(), "{verdicts:?}");
}

#[test]
fn judgements_that_cannot_be_told_apart_are_left_out() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    // One text is too short to be known again: which judgement is of which is not clear.
    let texts = json!(["Yes.", QUESTION]);
    scene.exchange(&mut one, &moderate(texts), &judged(&[true, false]));
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    let (spans, _) = scene.finish_with_verdicts();
    assert!(of_calls(&spans).concat().is_empty());
}
