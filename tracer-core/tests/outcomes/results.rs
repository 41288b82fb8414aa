//! Results as one line each.

use tracer_core::semconv::{Attributes, EVALUATION_RESULT, Span, SpanKind, Value};

use crate::scene::{Answer, Ask, Scene};

/// What was found of the call of an exchange.
pub fn of_exchange(ask: &Ask, answer: &Answer) -> Vec<String> {
    let mut scene = Scene::new();
    let mut connection = scene.connect(1);
    scene.exchange(&mut connection, ask, answer);
    let spans = scene.finish();
    let mut calls = spans.iter().filter(|span| span.kind == SpanKind::Client);
    let call = calls.next().expect("a call");
    assert!(!format!("{spans:?}").contains("canary"), "{spans:#?}");
    of_span(call)
}

/// What was found of a span by the time it left: `name label score (explanation) target source`.
pub fn of_span(span: &Span) -> Vec<String> {
    let events = span.events.iter();
    let results = events.filter(|event| event.name == EVALUATION_RESULT);
    results.map(|event| line(&event.attributes)).collect()
}

fn line(attributes: &Attributes) -> String {
    let value = |name: &str| {
        let of_name = attributes.iter().find(|(own, _)| own == name);
        of_name.map(|(_, value)| match value {
            Value::Str(text) => text.to_string(),
            Value::Double(number) => number.to_string(),
            other => format!("{other:?}"),
        })
    };
    let explanation = value("gen_ai.evaluation.explanation").map(|text| format!("({text})"));
    let parts = [
        value("gen_ai.evaluation.name"),
        value("gen_ai.evaluation.score.label"),
        value("gen_ai.evaluation.score.value"),
        explanation,
        value("llm_tracer.evaluation.target"),
        value("llm_tracer.evaluation.confidence"),
        value("llm_tracer.evaluation.source"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" ")
}
