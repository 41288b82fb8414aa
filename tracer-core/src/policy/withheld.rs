//! What calls and steps say of other calls, of which nothing may leave.
//!
//! Bias: towards silence. Of a trace that was forgotten, nobody knows whether some of it was held back:
//! then nothing is said of it.

use super::traces::Traces;
use crate::{
    correlate::{Relation, Session, SpanId, Step, StepKind, TraceId},
    llm::call::{CallFacts, OTHER},
};

/// Takes from a call what it says of others that may not be told of. `is_beside`: something of its own
/// trace was held back.
pub(super) fn forget_of_call(call: &mut CallFacts, traces: &mut Traces, is_beside: bool) {
    forget_attempt_before(call, traces, is_beside);
    forget_judgements(call, traces);
    if let Some(lineage) = &mut call.lineage {
        forget_session(&mut lineage.session, traces, Some(lineage.span));
    }
}

/// Takes the names from a step if some of its trace, or of one that it has a link to, was held back: they may
/// be of that. What stays are
/// times, ids and counts.
pub(super) fn forget_of_step(step: &mut Step, traces: &mut Traces) {
    forget_session(&mut step.session, traces, None);
    // Who asked for a tool may be of another one.
    let mut others = step.links.iter().map(|link| link.trace);
    if traces.may_tell_of(step.trace.0) && others.all(|trace| traces.may_tell_of(trace.0)) {
        return;
    }
    step.session = None;
    step.evaluations.clear();
    if step.error.is_some() {
        step.error = Some(OTHER.to_owned());
    }
    match &mut step.kind {
        StepKind::Turn {
            provider, agent, ..
        } => {
            *provider = None;
            *agent = None;
        }
        StepKind::Request { template, .. } => template.clear(),
        StepKind::Attempts { .. } => {}
        StepKind::Tool { name, id, .. } => {
            *name = None;
            *id = None;
        }
    }
}

/// A session that another call named than this one: one that is still under way may stay in.
fn forget_session(session: &mut Option<Session>, traces: &mut Traces, own: Option<SpanId>) {
    let named_by = session.as_ref().and_then(|session| session.named_by);
    let of_other = named_by.filter(|span| Some(*span) != own);
    if of_other.is_some_and(|span| !traces.may_name(span)) {
        *session = None;
    }
}

/// Why the attempt before failed.
fn forget_attempt_before(call: &mut CallFacts, traces: &mut Traces, is_beside: bool) {
    let Some(lineage) = &mut call.lineage else {
        return;
    };
    let mut links = lineage.links.iter();
    let before = links.find(|link| link.relation == Relation::PreviousAttempt);
    let may_tell = !is_beside && before.is_none_or(|link| traces.may_tell_of(link.trace.0));
    if let Some(attempt) = lineage.attempt.as_mut().filter(|_| !may_tell) {
        attempt.reason = None;
    }
}

/// What a call says of another one, or another one of it.
fn forget_judgements(call: &mut CallFacts, traces: &mut Traces) {
    call.evaluations.retain(|evaluation| {
        let mut may_tell = |origin: TraceId| traces.may_tell_of(origin.0);
        evaluation.origin.is_none_or(&mut may_tell)
    });
    let judged = call.judgement.as_ref().and_then(|it| it.origin);
    if let Some(judged) = judged.filter(|judged| !traces.may_tell_of(judged.0)) {
        call.judgement = None;
        if let Some(lineage) = &mut call.lineage {
            let links = &mut lineage.links;
            links.retain(|link| link.relation != Relation::Uses || link.trace != judged);
        }
    }
}
