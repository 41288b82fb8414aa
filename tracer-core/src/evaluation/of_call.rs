//! What the facts of one call tell of it.

use super::{
    check::{Check, Checks},
    ending::{Ending, is_filtered},
    evaluated::{Evaluation, Label, Target},
    finding::{Action, Detector, Finding},
    seen::Seen,
};
use crate::{
    correlate::Known,
    llm::call::{CallFacts, CaptureState, Operation, Outcome},
};

/// The evaluations of a call, by its facts and by what its content showed.
pub(crate) fn of_call(facts: &CallFacts, seen: Seen, checks: Checks) -> Vec<Evaluation> {
    // The other end of the call tells them.
    if checks.is_empty() || facts.is_counted_elsewhere() {
        return Vec::new();
    }
    let found = [
        refusal(facts, seen),
        filter(facts, Target::Input),
        filter(facts, Target::Output),
        guardrail(facts),
        malformed(facts),
        truncated(facts),
        empty(facts, seen),
    ];
    let wanted = |evaluation: &Evaluation| checks.has(evaluation.check);
    let found = found.into_iter().flatten().chain(moderation(facts));
    found.filter(wanted).collect()
}

fn ends(facts: &CallFacts, ending: Ending) -> bool {
    let mut reasons = facts.response.finish_reasons.iter();
    reasons.any(|reason| Ending::of(reason) == ending)
}

fn found<'a>(
    facts: &'a CallFacts,
    detector: Detector,
) -> impl Iterator<Item = &'a Finding> + use<'a> {
    let found = facts.response.findings.iter().flat_map(|all| &all.found);
    found.filter(move |finding| finding.detector == detector)
}

fn refusal(facts: &CallFacts, seen: Seen) -> Option<Evaluation> {
    let by = match (ends(facts, Ending::Refusal), seen.has_refusal) {
        (true, _) => "finish_reason",
        (false, true) => "refusal_part",
        (false, false) => return None,
    };
    let mut evaluation = Evaluation::new(Check::Refusal, Label::Refused, Known::observed(by))
        .of(Some(Target::Output));
    for finding in found(facts, Detector::Model) {
        evaluation.add_category(finding.words());
    }
    Some(evaluation)
}

/// What the provider's filter found on one side.
fn filter(facts: &CallFacts, target: Target) -> Option<Evaluation> {
    let of_side = |finding: &&Finding| finding.target.unwrap_or(Target::Output) == target;
    let found: Vec<_> = found(facts, Detector::Filter).filter(of_side).collect();
    let worst = found.iter().map(|finding| finding.action).max();
    let ended_by = match (&facts.outcome, target) {
        (Outcome::Failed { error_type }, Target::Input) if is_filtered(error_type) => {
            Some("error.type")
        }
        (_, Target::Output) if ends(facts, Ending::Filter) && !is_blocked_before(facts) => {
            Some("finish_reason")
        }
        _ => None,
    };
    let label = match ended_by {
        Some(_) => Label::Blocked,
        None => label(worst?),
    };
    let known = Known::observed(ended_by.unwrap_or("filter_results"));
    let evaluation = Evaluation::new(Check::ContentFilter, label, known).of(Some(target));
    Some(with_categories(evaluation, &found))
}

/// The filter stopped the request, not the answer.
fn is_blocked_before(facts: &CallFacts) -> bool {
    found(facts, Detector::Filter)
        .any(|finding| finding.target == Some(Target::Input) && finding.action == Action::Blocked)
}

fn guardrail(facts: &CallFacts) -> Option<Evaluation> {
    let found: Vec<_> = found(facts, Detector::Guardrail).collect();
    let has_ended = ends(facts, Ending::Guardrail);
    let worst = found.iter().map(|finding| finding.action).max();
    let findings = facts.response.findings.as_deref();
    let is_at_work = findings.is_some_and(|findings| findings.guarded);
    let has_acted = has_ended || findings.is_some_and(|findings| findings.intervened);
    let applied = findings.map_or(&[][..], |findings| &findings.applied);
    let label = match (worst, has_acted) {
        (Some(Action::Masked), true) => Some(Label::Masked),
        (_, true) => Some(Label::Blocked),
        (Some(worst), false) => Some(label(worst)),
        (None, false) if is_at_work => Some(Label::Pass),
        // That it ran is told, not what it did.
        (None, false) if !applied.is_empty() => None,
        (None, false) => return None,
    };
    let told_by = findings.and_then(|findings| findings.told_by);
    let by = match (has_ended, worst) {
        (true, _) => "finish_reason",
        _ if told_by.is_some() => told_by.unwrap_or_default(),
        (false, Some(_)) => "guardrail_trace",
        (false, None) if label.is_none() => "applied_guardrails",
        (false, None) => "guardrail_action",
    };
    let mut targets = found.iter().map(|finding| finding.target);
    let target = targets.next().flatten();
    let target = target.filter(|_| targets.all(|other| other == target));
    let evaluation = Evaluation::new(Check::Guardrail, Label::Pass, Known::observed(by));
    let mut evaluation = Evaluation {
        label,
        ..evaluation
    }
    .of(target);
    let mut scores = found.iter().filter_map(|finding| finding.score);
    evaluation.score = scores.next().filter(|_| scores.next().is_none());
    for guardrail in applied {
        evaluation.add_category(guardrail.clone());
    }
    Some(with_categories(evaluation, &found))
}

/// The provider judged a side of the call beside its answer.
fn moderation(facts: &CallFacts) -> impl Iterator<Item = Evaluation> {
    let findings = facts.response.findings.iter();
    findings.flat_map(|findings| {
        let judged = findings.judged.iter().enumerate();
        let of_call = judged.filter(|(_, judged)| judged.target.is_some());
        of_call.filter_map(|(item, judged)| {
            let evaluation = findings.evaluation(item, Known::observed("moderation"))?;
            Some(evaluation.of(judged.target))
        })
    })
}

/// The provider says that the model called a tool in a way that nobody can read.
fn malformed(facts: &CallFacts) -> Option<Evaluation> {
    let by = match &facts.outcome {
        _ if ends(facts, Ending::Malformed) => "finish_reason",
        Outcome::Failed { error_type } if Ending::of(error_type) == Ending::Malformed => {
            "error.type"
        }
        _ => return None,
    };
    let evaluation = Evaluation::fails(Check::ToolArguments, Known::observed(by));
    Some(evaluation.of(Some(Target::Output)))
}

fn truncated(facts: &CallFacts) -> Option<Evaluation> {
    let is_it = ends(facts, Ending::Length);
    let known = Known::observed("finish_reason");
    is_it.then(|| Evaluation::fails(Check::Truncated, known).of(Some(Target::Output)))
}

/// The answer has an end, and nothing before it.
fn empty(facts: &CallFacts, seen: Seen) -> Option<Evaluation> {
    let may_be = matches!(
        facts.operation,
        Operation::Chat | Operation::GenerateContent | Operation::TextCompletion
    );
    let reasons = &facts.response.finish_reasons;
    let ends_by_itself = reasons
        .iter()
        .all(|reason| matches!(Ending::of(reason), Ending::Other | Ending::Length));
    let is_it = seen.is_empty
        && may_be
        && facts.outcome == Outcome::Success
        && facts.capture <= CaptureState::Headers
        && !reasons.is_empty()
        && ends_by_itself
        && facts.response.tool_calls.is_empty()
        && !facts.response.is_pending;
    let known = Known::observed("answer");
    is_it.then(|| Evaluation::fails(Check::EmptyAnswer, known).of(Some(Target::Output)))
}

const fn label(action: Action) -> Label {
    match action {
        Action::Flagged => Label::Flagged,
        Action::Masked => Label::Masked,
        Action::Blocked => Label::Blocked,
    }
}

fn with_categories(mut evaluation: Evaluation, found: &[&Finding]) -> Evaluation {
    for finding in found {
        evaluation.add_category(finding.words());
    }
    evaluation
}
