//! Results as one line each.

use tracer_core::{
    policy::ReleasedVerdict,
    semconv::{Attributes, EVALUATION_RESULT, Span, SpanKind, Value},
};

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

/// What was found of spans that had left: the number of the span among the calls, and the result.
pub fn late(spans: &[Span], verdicts: &[ReleasedVerdict]) -> Vec<(usize, String)> {
    let of = |verdict: &ReleasedVerdict| {
        let told = verdict.verdict();
        let place = |span: &Span| span.place.as_ref().map(|place| (place.trace, place.span));
        let mut calls = spans.iter().filter(|span| span.kind == SpanKind::Client);
        let at = calls.position(|span| place(span) == Some((told.trace, told.span)));
        let event = tracer_core::semconv::verdict_event(verdict);
        (at.expect("a span"), line(&event.attributes))
    };
    verdicts.iter().map(of).collect()
}

/// The results of calls, in the order in which they left.
pub fn of_calls(spans: &[Span]) -> Vec<Vec<String>> {
    let calls = spans.iter().filter(|span| span.kind == SpanKind::Client);
    calls.map(of_span).collect()
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
