//! Evaluations as events, `gen_ai.evaluation.result` of the conventions.

use super::{
    attributes as names,
    build::Builder,
    event::{Event, EventSpan, Severity},
    lineage::add_known,
    value::Attributes,
};
use crate::{
    correlate::{Known, SpanId, TraceId},
    evaluation::{Evaluation, Verdict},
    policy::ReleasedVerdict,
    time::Timestamp,
};

/// The name of the events.
pub const EVALUATION_RESULT: &str = "gen_ai.evaluation.result";

/// Something that happened while a span lasted.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    /// Its name.
    pub name: &'static str,
    /// When.
    pub time: Timestamp,
    /// Attributes.
    pub attributes: Attributes,
}

/// The events of a span that ended at `end`, with the answer `response_id`.
pub(super) fn events(
    evaluations: &[Evaluation],
    response_id: Option<&str>,
    end: Timestamp,
) -> Vec<SpanEvent> {
    let event = |evaluation| SpanEvent {
        name: EVALUATION_RESULT,
        time: end,
        attributes: attributes(evaluation, response_id, None),
    };
    evaluations.iter().map(event).collect()
}

/// The attributes of the event that tells of an evaluation. `reason`: that of a model that judges, where it
/// may leave.
pub(super) fn attributes(
    evaluation: &Evaluation,
    response_id: Option<&str>,
    reason: Option<&str>,
) -> Attributes {
    let mut add = Builder::with_capacity(10);
    add.label(names::GEN_AI_EVALUATION_NAME, evaluation.check.name());
    add.double(names::GEN_AI_EVALUATION_SCORE_VALUE, evaluation.score);
    if let Some(label) = evaluation.label {
        add.label(names::GEN_AI_EVALUATION_SCORE_LABEL, label.name());
    }
    let explanation = reason.map(str::to_owned);
    let explanation = explanation.or_else(|| evaluation.explanation());
    add.text(names::GEN_AI_EVALUATION_EXPLANATION, explanation.as_deref());
    add.text(names::GEN_AI_RESPONSE_ID, response_id);
    if let Some(target) = evaluation.target {
        add.label(names::LLM_TRACER_EVALUATION_TARGET, target.name());
    }
    add.list(
        names::LLM_TRACER_EVALUATION_CATEGORIES,
        evaluation.categories.clone(),
    );
    add.text(names::GEN_AI_TOOL_NAME, evaluation.tool.as_deref());
    add_known(
        &mut add,
        names::LLM_TRACER_EVALUATION_CONFIDENCE,
        names::LLM_TRACER_EVALUATION_SOURCE,
        evaluation.known,
    );
    add.finish()
}

/// The event of a verdict, of the span that it is about.
pub fn verdict_event(verdict: &ReleasedVerdict) -> Event {
    let Verdict {
        process: _,
        trace,
        span,
        response_id,
        time,
        evaluation,
        reason,
    } = verdict.verdict();
    let reason = reason.as_ref().map(|reason| &*reason.text);
    Event {
        name: EVALUATION_RESULT,
        time: *time,
        span: EventSpan::Known(*trace, *span),
        severity: Severity::Info,
        attributes: attributes(evaluation, response_id.as_deref(), reason),
    }
}

/// An evaluation that another program made.
#[derive(Debug, Clone, Copy)]
pub struct PostedEvaluation<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its score.
    pub score: Option<f64>,
    /// The same as a word.
    pub label: Option<&'a str>,
    /// Why.
    pub explanation: Option<&'a str>,
    /// Why there is none.
    pub error_type: Option<&'a str>,
    /// The answer that it is of.
    pub response_id: Option<&'a str>,
}

/// The event of an evaluation that came from elsewhere, of a span that left.
pub fn posted_event(
    trace: TraceId,
    span: SpanId,
    time: Timestamp,
    posted: &PostedEvaluation<'_>,
) -> Event {
    let mut add = Builder::with_capacity(8);
    add.text(names::GEN_AI_EVALUATION_NAME, Some(posted.name));
    add.double(names::GEN_AI_EVALUATION_SCORE_VALUE, posted.score);
    add.text(names::GEN_AI_EVALUATION_SCORE_LABEL, posted.label);
    add.text(names::GEN_AI_EVALUATION_EXPLANATION, posted.explanation);
    add.text(names::GEN_AI_RESPONSE_ID, posted.response_id);
    add.text(names::ERROR_TYPE, posted.error_type);
    add_known(
        &mut add,
        names::LLM_TRACER_EVALUATION_CONFIDENCE,
        names::LLM_TRACER_EVALUATION_SOURCE,
        Known::observed("posted"),
    );
    Event {
        name: EVALUATION_RESULT,
        time,
        span: EventSpan::Known(trace, span),
        severity: Severity::Info,
        attributes: add.finish(),
    }
}
