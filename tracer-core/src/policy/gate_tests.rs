//! What leaves, call by call and trace by trace.

use super::*;
use crate::{
    correlate::{
        Attempt, AttemptKind, Known, Lineage, Link, Relation, Session, SpanId, StepKind, ToolBound,
        TraceId,
    },
    evaluation::{Check, Evaluation, Label, Opinion, Quoted, Verdict},
    llm::{
        call::{CaptureState, Outcome},
        strings::sample::call_of,
    },
    segment::ProcessKey,
    semconv,
    time::Timestamp,
};

fn policy(text: &str) -> Policy {
    let file = PolicyFile::parse(text).unwrap();
    let key = PseudonymKey::new([7; PseudonymKey::BYTES]);
    Policy::new(file, key, AttributionRules::default())
}

/// A call of a model in a trace.
fn call(model: &str, trace: u128) -> CallFacts {
    let mut call = call_of("x", 1);
    call.provider.0 = "openai".into();
    call.request.model = Some(model.to_owned());
    call.request.mcp = None;
    call.outcome = Outcome::Success;
    call.response.finish_reasons = vec!["stop".to_owned()];
    call.capture = CaptureState::Complete;
    call.lineage = Some(Box::new(Lineage {
        trace: TraceId(trace),
        span: SpanId(1),
        parent: None,
        links: Vec::new(),
        session: None,
        attempt: None,
    }));
    call
}

fn tool(trace: u128) -> Step {
    Step {
        process: ProcessKey(1),
        trace: TraceId(trace),
        span: SpanId(2),
        parent: None,
        links: Vec::new(),
        session: None,
        start: Timestamp::default(),
        end: Timestamp::default(),
        error: None,
        evaluations: Vec::new(),
        kind: StepKind::Tool {
            name: Some("lookup".to_owned()),
            id: None,
            bound: ToolBound::Upper,
            known: None,
            is_error: None,
        },
    }
}

fn released(policy: &mut Policy, call: CallFacts) -> &'static str {
    match policy.release(Call::captured(call), &Caller::UNKNOWN) {
        Release::Call(_) => "call",
        Release::Measured(_) => "measured",
        Release::Nothing => "nothing",
    }
}

/// The name of the tool, if its span leaves.
fn step_name(policy: &mut Policy, trace: u128) -> Option<String> {
    let step = policy.release_step(tool(trace))?;
    Some(semconv::step_span(&step).name)
}

#[test]
fn without_rules_metadata_leave_and_nobody_says_why() {
    let mut policy = Policy::default();
    assert_eq!(policy.content_capture(), ContentCapture::Off);
    let release = policy.release(Call::captured(call("m", 1)), &Caller::UNKNOWN);
    let call = release.into_call().unwrap();
    assert_eq!(call.permit(), None);
    assert!(call.content().is_none());
    assert_eq!(
        step_name(&mut policy, 9).as_deref(),
        Some("execute_tool lookup")
    );
}

#[test]
fn what_calls_are_part_of_follows_them() {
    let mut policy = policy("[[rule]]\nname = 'r'\nwhen.model = 'secret'\ncapture = 'none'");
    assert_eq!(released(&mut policy, call("secret", 1)), "nothing");
    assert_eq!(step_name(&mut policy, 1), None);
    assert_eq!(released(&mut policy, call("open", 2)), "call");
    assert_eq!(
        step_name(&mut policy, 2).as_deref(),
        Some("execute_tool lookup")
    );
    // Of both kinds in one trace: nobody knows whose tool it is.
    assert_eq!(released(&mut policy, call("secret", 2)), "nothing");
    assert_eq!(step_name(&mut policy, 2).as_deref(), Some("execute_tool"));
}

/// A gateway's own call of the same trace may leave.
#[test]
fn of_a_process_of_which_nothing_leaves_no_step_does() {
    let mut policy = policy("[[rule]]\nname = 'r'\nwhen.model = 'secret'\ncapture = 'none'");
    assert_eq!(released(&mut policy, call("secret", 1)), "nothing");
    let mut of_gateway = call("open", 1);
    of_gateway.connection.process = ProcessKey(2);
    assert_eq!(released(&mut policy, of_gateway), "call");
    assert_eq!(step_name(&mut policy, 1), None);
    let step = Step {
        process: ProcessKey(2),
        ..tool(1)
    };
    assert!(policy.release_step(step).is_some());
}

#[test]
fn what_a_withheld_call_said_of_another_stays() {
    let text = "[[rule]]\nname = 'r'\nwhen.model = 'judge'\ncapture = 'none'";
    let mut policy = policy(text);
    let judged = |origin| {
        let known = Known::derived("text");
        let mut evaluation = Evaluation::new(Check::Moderation, Label::Flagged, known);
        evaluation.origin = Some(TraceId(origin));
        evaluation
    };
    let verdict = |origin| Verdict {
        process: ProcessKey(1),
        trace: TraceId(2),
        span: SpanId(1),
        response_id: None,
        time: Timestamp::default(),
        evaluation: judged(origin),
        reason: None,
    };
    assert_eq!(released(&mut policy, call("judge", 1)), "nothing");
    assert_eq!(released(&mut policy, call("moderation", 3)), "call");
    let mut asked = call("open", 2);
    // Of trace 4 nothing is known: it was forgotten.
    asked.evaluations = vec![judged(1), judged(3), judged(4)];
    let release = policy.release(Call::captured(asked), &Caller::UNKNOWN);
    let left = release.into_call().expect("a call");
    assert_eq!(left.facts().evaluations, [judged(3)]);
    assert!(policy.release_verdict(verdict(1)).is_none());
    assert!(policy.release_verdict(verdict(3)).is_some());
    assert!(policy.release_verdict(verdict(4)).is_none());
}

/// Others of its trace and process may have.
#[test]
fn nothing_is_said_of_a_call_that_has_not_left_itself() {
    let text = "[[rule]]\nname = 'r'\nwhen.model = 'rare'\ncapture = 'metadata'\nsample = 0.0";
    let mut policy = policy(text);
    let mut rare = call("rare", 2);
    rare.lineage.as_mut().unwrap().span = SpanId(9);
    assert_eq!(released(&mut policy, rare), "measured");
    assert_eq!(released(&mut policy, call("open", 2)), "call");
    assert_eq!(released(&mut policy, call("judge", 1)), "call");
    let of = |span| Verdict {
        span: SpanId(span),
        ..judgement().1
    };
    assert!(policy.release_verdict(of(1)).is_some());
    assert!(policy.release_verdict(of(9)).is_none());
}

#[test]
fn what_another_call_said_is_not_told_once_it_is_forgotten_whether_it_may_be() {
    let mut policy = policy("[[rule]]\nname = 'r'\nwhen.model = 'secret'\ncapture = 'none'");
    assert_eq!(released(&mut policy, call("secret", 2)), "nothing");
    assert_eq!(released(&mut policy, call("open", 3)), "call");
    // As many others.
    for trace in 0..16_384_u128 {
        assert_eq!(released(&mut policy, call("open", 100 + trace)), "call");
    }
    let release = policy.release(Call::captured(judge()), &Caller::UNKNOWN);
    let left = release.into_call().expect("a call");
    assert_eq!(left.facts().judgement, None);
    assert!(left.facts().lineage.as_ref().unwrap().links.is_empty());
    // Its process has left something else, so the step does; its names may be those of what stayed.
    let mut of_trace = call("open", 3);
    of_trace.lineage.as_mut().unwrap().span = SpanId(7);
    of_trace.lineage.as_mut().unwrap().attempt = Some(Attempt {
        number: 2,
        kind: AttemptKind::Retry,
        reason: Some("secret".to_owned()),
        known: Known::derived("body"),
    });
    of_trace.lineage.as_mut().unwrap().links.push(Link {
        trace: TraceId(2),
        span: SpanId(1),
        relation: Relation::PreviousAttempt,
        known: Known::derived("body"),
    });
    let release = policy.release(Call::captured(of_trace), &Caller::UNKNOWN);
    let left = release.into_call().expect("a call");
    let attempt = left.facts().lineage.as_ref().unwrap().attempt.as_ref();
    assert_eq!(attempt.unwrap().reason, None);
}

#[test]
fn a_session_that_a_withheld_call_named_is_not_told() {
    let mut policy = policy("[[rule]]\nname = 'r'\nwhen.model = 'secret'\ncapture = 'none'");
    let mut of_span = |model, trace, span| {
        let mut call = call(model, trace);
        call.lineage.as_mut().unwrap().span = SpanId(span);
        released(&mut policy, call)
    };
    assert_eq!(of_span("secret", 1, 11), "nothing");
    assert_eq!(of_span("open", 2, 12), "call");
    for (named_by, is_told) in [
        (None, true),
        (Some(11), false),
        (Some(12), true),
        // It is under way, of the same trace, and may stay in.
        (Some(13), false),
    ] {
        let session = Some(Session {
            id: "payroll-of-jane".to_owned(),
            known: Known::derived("messages"),
            named_by: named_by.map(SpanId),
        });
        let mut goes_on = call("open", 2);
        goes_on.lineage.as_mut().unwrap().session = session.clone();
        let release = policy.release(Call::captured(goes_on), &Caller::UNKNOWN);
        let call = format!("{:?}", semconv::span(&release.into_call().expect("a call")));
        let step = Step { session, ..tool(2) };
        let step = policy.release_step(step).expect("a step");
        let step = format!("{:?}", semconv::step_span(&step));
        for span in [call, step] {
            assert_eq!(span.contains("payroll"), is_told, "{named_by:?}");
        }
    }
}

#[test]
fn a_tool_that_a_withheld_call_of_another_trace_asked_for_has_no_name() {
    let mut policy = policy("[[rule]]\nname = 'r'\nwhen.model = 'secret'\ncapture = 'none'");
    assert_eq!(released(&mut policy, call("secret", 1)), "nothing");
    assert_eq!(released(&mut policy, call("open", 2)), "call");
    for (asked_in, name) in [(2, "execute_tool lookup"), (1, "execute_tool")] {
        let asked_by = Link {
            trace: TraceId(asked_in),
            span: SpanId(1),
            relation: Relation::AskedBy,
            known: Known::derived("tool_call"),
        };
        let step = Step {
            links: vec![asked_by],
            ..tool(2)
        };
        let step = policy.release_step(step).expect("a step");
        assert_eq!(semconv::step_span(&step).name, name);
    }
}

/// What others may say in words of their own, under all that keeps content in.
#[test]
fn a_call_may_be_quoted_where_all_of_it_leaves_as_it_is() {
    let full = "[[rule]]\nname = 'f'\ncapture = 'full'\n";
    let quoted = |text: &str, has_place: bool| {
        let mut policy = policy(text);
        if !has_place {
            policy = policy.without_reasons();
        }
        let release = policy.release(Call::captured(call("m", 1)), &Caller::UNKNOWN);
        let call = release.into_call().expect("a call");
        call.permit().expect("a permit").may_be_quoted
    };
    assert!(quoted(full, true));
    assert!(!quoted(full, false), "content goes nowhere");
    let part = format!("{full}drop = ['tool_results']");
    assert!(!quoted(&part, true), "not all of it");
    for name in [
        "gen_ai.input.messages",
        "gen_ai.tool.*",
        "llm_tracer.request.documents",
    ] {
        let never = format!("{full}[attributes]\nnever = ['{name}']");
        assert!(!quoted(&never, true), "{name}");
    }
    assert!(!quoted("[[rule]]\nname = 'm'\ncapture = 'metadata'", true));
}

/// A judgement of the call of trace 2 by that of trace 1.
fn judgement() -> (Evaluation, Verdict) {
    let opinion = Opinion::of(r#"{"score": 4, "reason": "canary"}"#).expect("a judgement");
    let known = Known::inferred("quoted_answer");
    let evaluation = |origin| Evaluation {
        origin: Some(TraceId(origin)),
        ..Evaluation::judged(&opinion, known)
    };
    let verdict = Verdict {
        process: ProcessKey(1),
        trace: TraceId(2),
        span: SpanId(1),
        response_id: None,
        time: Timestamp::default(),
        evaluation: evaluation(1),
        reason: opinion.reason.clone().map(|text| Quoted {
            text,
            trace: TraceId(1),
            span: SpanId(1),
        }),
    };
    (evaluation(2), verdict)
}

/// The call that judges, with a link to what it judges.
fn judge() -> CallFacts {
    let (judgement, verdict) = judgement();
    let mut judge = call("judge", 1);
    judge.judgement = Some(Box::new(judgement));
    judge.lineage.as_mut().unwrap().links.push(Link {
        trace: verdict.trace,
        span: verdict.span,
        relation: Relation::Uses,
        known: Known::inferred("quoted_answer"),
    });
    judge
}

#[test]
fn a_judge_says_nothing_of_a_call_of_which_nothing_leaves() {
    let mut open = policy("[[rule]]\nname = 'r'\nwhen.model = 'secret'\ncapture = 'none'");
    assert_eq!(released(&mut open, call("secret", 2)), "nothing");
    let release = open.release(Call::captured(judge()), &Caller::UNKNOWN);
    let left = release.into_call().expect("a call");
    assert_eq!(left.facts().judgement, None);
    assert!(left.facts().lineage.as_ref().unwrap().links.is_empty());
    assert!(open.release_verdict(judgement().1).is_none());
    // Nor is anything told of a judge of which nothing leaves.
    let mut closed = policy("[[rule]]\nname = 'r'\nwhen.model = 'judge'\ncapture = 'none'");
    assert_eq!(released(&mut closed, call("open", 2)), "call");
    assert_eq!(released(&mut closed, judge()), "nothing");
    assert!(closed.release_verdict(judgement().1).is_none());
}

#[test]
fn why_a_judge_says_so_leaves_where_both_calls_may_leave_as_they_are() {
    let full = "capture = 'full'";
    let of_judge = "[[rule]]\nname = 'j'\nwhen.model = 'judge'\n";
    let of_judged = "[[rule]]\nname = 'o'\nwhen.model = 'open'\n";
    let in_part = "capture = 'full'\ndrop = ['input_messages']";
    for (rules, is_told) in [
        (format!("{of_judge}{full}\n{of_judged}{full}"), true),
        (format!("{of_judge}{full}"), false),
        (format!("{of_judged}{full}"), false),
        (
            format!("{of_judge}capture = 'masked'\n{of_judged}{full}"),
            false,
        ),
        (format!("{of_judge}{in_part}\n{of_judged}{full}"), false),
        (String::new(), false),
    ] {
        let mut policy = policy(&rules);
        assert_eq!(released(&mut policy, call("open", 2)), "call");
        let release = policy.release(Call::captured(judge()), &Caller::UNKNOWN);
        let left = release.into_call().expect("a call");
        assert!(!format!("{:?}", left.facts()).contains("canary"));
        let verdict = policy.release_verdict(judgement().1).expect("a verdict");
        let event = semconv::verdict_event(&verdict);
        let said = format!("{event:?}").contains("canary");
        assert_eq!(said, is_told, "{rules}");
    }
}

/// Of a half, traces with the upper half of the randomness are kept.
#[test]
fn traces_are_kept_whole_or_not_at_all() {
    let (low, high) = (1_u128, 0x80_0000_0000_0000_u128);
    let mut policy = policy("[sampling]\nrate = 0.5");
    for _ in 0..2 {
        assert_eq!(released(&mut policy, call("m", low)), "measured");
        assert_eq!(released(&mut policy, call("m", high)), "call");
    }
    assert_eq!(step_name(&mut policy, low), None);
    assert!(step_name(&mut policy, high).is_some());
}

#[test]
fn what_is_worth_it_is_kept_and_what_follows() {
    let trace = 1;
    let mut policy = policy("[sampling]\nrate = 0.0");
    assert_eq!(released(&mut policy, call("m", trace)), "measured");
    let mut failed = call("m", trace);
    failed.outcome = Outcome::Failed {
        error_type: "500".to_owned(),
    };
    let kept = |policy: &mut Policy, call| {
        let release = policy.release(Call::captured(call), &Caller::UNKNOWN);
        let Release::Call(call) = release else {
            return None;
        };
        call.permit()?.kept_for
    };
    assert_eq!(kept(&mut policy, failed), Some(KeptFor::Error));
    assert_eq!(kept(&mut policy, call("m", trace)), Some(KeptFor::Trace));
    assert!(step_name(&mut policy, trace).is_some());
    let mut refused = call("m", 2);
    refused.response.finish_reasons = vec!["SAFETY".to_owned()];
    assert_eq!(kept(&mut policy, refused), Some(KeptFor::Flagged));
    assert_eq!(kept(&mut policy, call("m", 3)), None);
}

#[test]
fn spans_say_by_which_rule_they_left() {
    let text = "[[rule]]\nname = 'staging'\ncapture = 'full'\nsample = 0.25";
    let mut policy = policy(text);
    assert!(matches!(
        policy.content_capture(),
        ContentCapture::Keep { .. }
    ));
    let call = call("m", 0xc0_0000_0000_0000);
    let release = policy.release(Call::captured(call), &Caller::UNKNOWN);
    let span = semconv::span(&release.into_call().unwrap());
    let of_policy = |(name, _): &&(std::borrow::Cow<'static, str>, semconv::Value)| {
        name.starts_with("llm_tracer.policy.")
    };
    let said: Vec<_> = span.attributes.iter().filter(of_policy).collect();
    let said = format!("{said:?}");
    assert_eq!(
        said,
        r#"[("llm_tracer.policy.rule", Str("staging")), ("llm_tracer.policy.capture", Str("full")), ("llm_tracer.policy.sample_rate", Double(0.25))]"#
    );
}

#[test]
fn attributes_that_never_leave_are_nowhere() {
    let mut policy =
        policy("[attributes]\nnever = ['gen_ai.request.model', 'user_agent.original']");
    let mut facts = call("secret-model", 1);
    facts.response.model = None;
    facts.request.user_agent = Some("secret agent".to_owned());
    let release = policy.release(Call::captured(facts), &Caller::UNKNOWN);
    let call = release.into_call().unwrap();
    let mut span = semconv::span(&call);
    policy.never().strip_span(&mut span);
    let mut measurements = semconv::measurements(&call);
    policy.never().strip_measurements(&mut measurements);
    let all = format!("{span:?} {measurements:?}");
    assert!(!all.contains("secret"), "{all}");
    assert_eq!(span.name, "chat");
}
