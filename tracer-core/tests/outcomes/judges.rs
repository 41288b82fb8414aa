//! Models that judge what other models answer.

use std::time::Duration;

use serde_json::{Value, json};
use tracer_core::semconv::{Span, SpanKind, Value as Attribute};

use crate::{
    results::{late, of_calls},
    scene::{Answer, Ask, Scene, user},
};

const QUESTION: &str = "What is the capital of France?";
const ANSWER: &str = "The capital of France is Paris.\nIt lies on the \"Seine\".";

fn chat(text: &str) -> Ask {
    Ask::chat("gpt-5", &[user(text)])
}

/// The prompt of a judge of Phoenix.
fn phoenix(output: &str) -> Ask {
    let prompt = format!(
        "You are an expert evaluator labeling model outputs for correctness.\n<data>\n\n<input>\n\
         {QUESTION}\n</input>\n\n<output>\n{output}\n</output>\n\n</data>\n\nIs the output correct or \
         incorrect?"
    );
    let schema = json!({"type": "object", "required": ["explanation", "label"],
        "properties": {"explanation": {"type": "string"},
            "label": {"type": "string", "enum": ["correct", "incorrect"]}},
        "additionalProperties": false});
    chat(&prompt).member(
        "response_format",
        json!({"type": "json_schema", "json_schema":
            {"name": "extract_structured_data", "schema": schema, "strict": true}}),
    )
}

fn verdict() -> Answer {
    Answer::text(r#"{"explanation": "It is canary.", "label": "correct"}"#)
}

/// What a question and what comes behind it give: results of calls that had left, and of the last call
/// what it says that it judges.
fn judged(ask: &Ask, answer: &Answer) -> (Vec<(usize, String)>, Option<String>) {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    scene.exchange(&mut one, ask, answer);
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert!(!format!("{spans:?}{verdicts:?}").contains("canary"));
    let last = spans.iter().rfind(|span| span.kind == SpanKind::Client);
    (late(&spans, &verdicts), last.and_then(judgement))
}

fn text(span: &Span, name: &str) -> Option<String> {
    Some(match span.attribute(name)? {
        Attribute::Str(text) => text.to_string(),
        Attribute::Double(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// `label score confidence source` of a call that judges.
fn judgement(span: &Span) -> Option<String> {
    let parts = ["label", "score", "confidence", "source"];
    let parts = parts.map(|part| text(span, &format!("llm_tracer.judgement.{part}")));
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

const JUDGED: &str = "judgement correct output inferred quoted_answer";

#[test]
fn the_answer_of_another_call_is_judged() {
    let (late, own) = judged(&phoenix(ANSWER), &verdict());
    assert_eq!(late, [(0, JUDGED.to_owned())]);
    assert_eq!(own.as_deref(), Some("correct inferred quoted_answer"));
}

#[test]
fn the_judge_is_linked_to_what_it_judges() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    scene.exchange(&mut one, &phoenix(ANSWER), &verdict());
    let spans = scene.finish();
    let mut calls = spans.iter().filter(|span| span.kind == SpanKind::Client);
    let (answered, judge) = (calls.next().unwrap(), calls.next().unwrap());
    let place = answered.place.as_ref().unwrap();
    let mut links = judge.links.iter();
    assert!(links.any(|link| (link.trace, link.span) == (place.trace, place.span)));
    assert_eq!(judgement(answered), None);
}

/// White space at the ends is part of an answer.
#[test]
fn an_answer_may_begin_with_a_space() {
    let answer =
        " word0the quick brown fox jumps over the lazy dog and the quick brown fox jumps ove";
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(1));
    let message =
        json!({"role": "assistant", "content": answer, "refusal": null, "annotations": []});
    scene.exchange(
        &mut one,
        &chat("What is the weather? n=7 "),
        &Answer::message(message, "stop"),
    );
    scene.exchange(&mut other, &phoenix(answer), &verdict());
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert_eq!(late(&spans, &verdicts), [(0, JUDGED.to_owned())]);
}

#[test]
fn frameworks_ask_in_their_own_ways() {
    let relevance = format!(
        "Consider the following question and answer.\n<question>{QUESTION}</question>\n\
         <answer>{ANSWER}</answer>\n\nPlease indicate it using only the following json format."
    );
    let statements = json!({"context": "Paris.", "response": ANSWER}).to_string();
    let graded = format!("[BEGIN DATA]\n***\n[Submission]: {ANSWER}\n***\n[END DATA]");
    for (prompt, said, found) in [
        (
            &relevance,
            r#"{"rationale": "canary", "result": "yes"}"#,
            "judgement yes",
        ),
        (
            &statements,
            r#"{"statements": [{"statement": "canary", "reason": "canary", "verdict": 1}]}"#,
            "judgement 1",
        ),
        (&graded, "It is canary.\n\nGRADE: C", "judgement c"),
        (
            &graded,
            "```json\n{\"score\": 8, \"reason\": \"canary\"}\n```",
            "judgement 8",
        ),
    ] {
        let (late, own) = judged(&chat(prompt), &Answer::text(said));
        let line = format!("{found} output inferred quoted_answer");
        assert_eq!(late, [(0, line)], "{said}");
        assert!(own.is_some());
    }
    // autoevals has the model call a tool.
    let tool = json!({"type": "function", "function": {"name": "select_choice",
        "parameters": {"type": "object"}}});
    let ask = chat(&graded).member("tools", json!([tool])).member(
        "tool_choice",
        json!({"type": "function", "function": {"name": "select_choice"}}),
    );
    let called = Answer::tools(&[(
        "t1",
        "select_choice",
        json!({"reasons": ["canary"], "choice": "C"}),
    )]);
    let (late, _) = judged(&ask, &called);
    assert_eq!(
        late,
        [(0, "judgement c output inferred quoted_answer".to_owned())]
    );
}

#[test]
fn apis_and_streams_do_not_matter() {
    let prompt = format!("Rate this: {ANSWER}");
    let ask = Ask::messages("claude-sonnet-4-5", &[user(&prompt)]);
    let blocks = json!([{"type": "thinking", "thinking": "canary", "signature": "s"},
        {"type": "text", "text": r#"{"score": 3, "reason": "canary"}"#}]);
    let (late, _) = judged(&ask, &Answer::blocks(blocks, "end_turn"));
    let line = "judgement 3 output inferred quoted_answer";
    assert_eq!(late, [(0, line.to_owned())]);
    let body = json!({"model": "gpt-5", "input": prompt, "instructions": "Be fair."});
    let ask = Ask::post("api.openai.com", "/v1/responses", body);
    let answer = Answer::json(json!({"id": "resp_1", "object": "response",
        "status": "completed", "model": "gpt-5", "output": [{"type": "message",
        "role": "assistant", "content": [{"type": "output_text", "text": "Score: 3"}]}]}));
    let (late, _) = judged(&ask, &answer);
    assert_eq!(late, [(0, line.to_owned())]);
}

#[test]
fn who_is_given_an_answer_for_something_else_judges_nothing() {
    let translate = format!("Translate into German:\n\n{ANSWER}");
    let extract = |said: Value| (chat(&translate), Answer::text(&said.to_string()));
    for (ask, answer) in [
        (
            chat(&translate),
            Answer::text("Die Hauptstadt von Frankreich ist Paris."),
        ),
        extract(json!({"translation": "Paris.", "score": 1})),
        extract(json!({"cities": ["Paris"], "label": "geography"})),
        extract(json!({"label": "an article on geography"})),
        // A label that judges give as well.
        extract(json!({"label": "neutral"})),
        extract(json!({"classification": "safe", "confidence": 0.9})),
        (chat(&translate), Answer::text("[[B]]")),
        (chat(&translate), Answer::text("yes")),
        // A judgement of something else.
        (
            phoenix("The capital of France is Lyon, of course."),
            verdict(),
        ),
        // Part of the answer.
        (phoenix(&ANSWER[..ANSWER.len() - 8]), verdict()),
    ] {
        let (late, own) = judged(&ask, &answer);
        assert!(late.is_empty(), "{late:?}");
        assert_eq!(own, None);
    }
}

#[test]
fn a_label_alone_is_a_judgement_where_one_was_asked_for() {
    let prompt = format!("Is the answer relevant, or not?\n\n{ANSWER}");
    let (late, own) = judged(&chat(&prompt), &Answer::text(r#"{"label": "irrelevant"}"#));
    let line = "judgement irrelevant output inferred quoted_answer";
    assert_eq!(late, [(0, line.to_owned())]);
    assert!(own.is_some());
}

/// A gateway is given the same, and answered the same.
#[test]
fn a_judge_behind_a_gateway_judges_once() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    let (mut client, mut served) = (scene.connect(1), scene.connect(2));
    let at_gateway = phoenix(ANSWER).at("gateway.local");
    scene.ask(&mut client, &at_gateway);
    scene.be_asked(&mut served, &at_gateway);
    let mut upstream = scene.connect(2);
    scene.exchange(&mut upstream, &phoenix(ANSWER), &verdict());
    scene.give(&mut served, &verdict());
    scene.answer(&mut client, &verdict());
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert_eq!(late(&spans, &verdicts), [(0, JUDGED.to_owned())]);
    let judges = spans.iter().filter(|span| judgement(span).is_some());
    assert_eq!(judges.count(), 1);
}

#[test]
fn a_conversation_that_goes_on_is_none() {
    let messages = [
        user(QUESTION),
        json!({"role": "assistant", "content": ANSWER}),
        user(&format!("You said: {ANSWER} Rate that.")),
    ];
    let (late, own) = judged(&Ask::chat("gpt-5", &messages), &verdict());
    assert!(late.is_empty() && own.is_none(), "{late:?} {own:?}");
}

#[test]
fn who_of_several_gave_the_answer_is_not_guessed() {
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(1));
    scene.ask(&mut one, &chat(QUESTION));
    scene.ask(&mut other, &chat("And where does Paris lie?"));
    scene.answer(&mut one, &Answer::text(ANSWER));
    scene.answer(&mut other, &Answer::text(ANSWER));
    scene.wait(Duration::from_secs(1));
    let mut third = scene.connect(1);
    scene.exchange(&mut third, &phoenix(ANSWER), &verdict());
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert!(verdicts.is_empty(), "{verdicts:?}");
    assert!(spans.iter().all(|span| judgement(span).is_none()));
}

#[test]
fn a_comparison_is_of_no_one_call() {
    let mut scene = Scene::new();
    let mut one = scene.connect(1);
    let second = "It is Paris, the city of light and of love.";
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    scene.exchange(&mut one, &chat("Again, please."), &Answer::text(second));
    let both = chat(&format!(
        "[A]\n{ANSWER}\n[B]\n{second}\nWhich one is better?"
    ));
    scene.exchange(&mut one, &both, &Answer::text("[[B]]"));
    let (_, verdicts) = scene.finish_with_verdicts();
    assert!(verdicts.is_empty(), "{verdicts:?}");
}

#[test]
fn other_processes_judge_long_answers_and_nobody_what_comes_later() {
    let long = format!("{ANSWER} {ANSWER}");
    for (answer, judged) in [(ANSWER, 0), (&long, 1)] {
        let mut scene = Scene::new();
        let (mut one, mut other) = (scene.connect(1), scene.connect(2));
        scene.exchange(&mut one, &chat(QUESTION), &Answer::text(answer));
        scene.exchange(&mut other, &phoenix(answer), &verdict());
        let (_, verdicts) = scene.finish_with_verdicts();
        assert_eq!(verdicts.len(), judged, "{answer}");
    }
    let mut scene = Scene::new();
    let (mut one, mut other) = (scene.connect(1), scene.connect(1));
    scene.ask(&mut other, &phoenix(ANSWER));
    scene.exchange(&mut one, &chat(QUESTION), &Answer::text(ANSWER));
    scene.answer(&mut other, &verdict());
    let (spans, verdicts) = scene.finish_with_verdicts();
    assert!(verdicts.is_empty(), "{verdicts:?}");
    assert!(
        of_calls(&spans)
            .concat()
            .iter()
            .all(|line| !line.contains("judgement"))
    );
}
