//! Where a call stands among others, and spans that no exchange has.

use super::{
    attributes as names,
    build::Builder,
    evaluation,
    span::{Span, SpanKind},
    value::Attributes,
};
use crate::{
    correlate::{Attempt, Known, Lineage, Link, Parent, Session, SpanId, Step, StepKind, TraceId},
    policy::ReleasedStep,
};

/// The place of a span in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanPlace {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// The span that it is part of, and whether that is one of another process.
    pub parent: Option<(SpanId, bool)>,
}

/// A link to another span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanLink {
    /// The trace of the other span.
    pub trace: TraceId,
    /// The other span.
    pub span: SpanId,
    /// What it is to this one, and how that is known.
    pub attributes: Attributes,
}

impl SpanPlace {
    pub(super) fn of(lineage: &Lineage) -> Self {
        Self::new(lineage.trace, lineage.span, lineage.parent)
    }

    fn new(trace: TraceId, span: SpanId, parent: Option<Parent>) -> Self {
        Self {
            trace,
            span,
            parent: parent.map(|parent| (parent.span, parent.is_remote)),
        }
    }
}

impl SpanLink {
    pub(super) fn of(link: &Link) -> Self {
        let mut add = Builder::default();
        add.label(names::LLM_TRACER_LINK_RELATION, link.relation.name());
        add_known(
            &mut add,
            names::LLM_TRACER_LINK_CONFIDENCE,
            names::LLM_TRACER_LINK_SOURCE,
            link.known,
        );
        Self {
            trace: link.trace,
            span: link.span,
            attributes: add.finish(),
        }
    }
}

/// Adds what is known of a call's place.
pub(super) fn add_lineage(add: &mut Builder, lineage: &Lineage) {
    add_session(add, lineage.session.as_ref());
    add_parent(add, lineage.parent.as_ref());
    if let Some(Attempt {
        number,
        kind,
        reason,
        known,
    }) = &lineage.attempt
    {
        add.count(names::LLM_TRACER_ATTEMPT_NUMBER, Some(*number));
        add.label(names::LLM_TRACER_ATTEMPT_KIND, kind.name());
        add.text(names::LLM_TRACER_ATTEMPT_REASON, reason.as_deref());
        add_known(
            add,
            names::LLM_TRACER_ATTEMPT_CONFIDENCE,
            names::LLM_TRACER_ATTEMPT_SOURCE,
            *known,
        );
    }
}

/// The span of a step.
pub fn step_span(step: &ReleasedStep) -> Span {
    let Step {
        process,
        trace,
        span,
        parent,
        links,
        session,
        start,
        end,
        error,
        kind,
        evaluations,
    } = step.step();
    let mut add = Builder::with_capacity(12);
    let name = add_kind(&mut add, kind);
    add.text(names::ERROR_TYPE, error.as_deref());
    add_session(&mut add, session.as_ref());
    add_parent(&mut add, parent.as_ref());
    Span {
        process: *process,
        kind: match kind {
            StepKind::Request { .. } => SpanKind::Server,
            _ => SpanKind::Internal,
        },
        name,
        parent: None,
        pair: None,
        place: Some(SpanPlace::new(*trace, *span, *parent)),
        links: links.iter().map(SpanLink::of).collect(),
        events: evaluation::events(evaluations, None, *end),
        start: *start,
        end: *end,
        error: error.clone(),
        attributes: add.finish(),
    }
}

/// Adds what a step is; returns its name.
fn add_kind(add: &mut Builder, kind: &StepKind) -> String {
    match kind {
        StepKind::Turn {
            provider,
            agent,
            calls,
            tool_calls,
        } => {
            add.label(names::GEN_AI_OPERATION_NAME, "invoke_agent");
            add.text(names::GEN_AI_PROVIDER_NAME, provider.as_deref());
            add.text(names::GEN_AI_AGENT_ID, agent.as_deref());
            add.count(names::LLM_TRACER_TURN_CALLS, Some(*calls));
            add.count(names::LLM_TRACER_TURN_TOOL_CALLS, Some(*tool_calls));
            "invoke_agent".to_owned()
        }
        StepKind::Request {
            method,
            template,
            status,
        } => {
            add.label(names::HTTP_REQUEST_METHOD, method);
            let template = Some(&**template).filter(|template| !template.is_empty());
            add.text(names::URL_TEMPLATE, template);
            let status = status.map(u64::from);
            add.count(names::HTTP_RESPONSE_STATUS_CODE, status);
            match template {
                Some(template) => format!("{method} {template}"),
                None => (*method).to_owned(),
            }
        }
        StepKind::Attempts { attempts } => {
            add.count(names::LLM_TRACER_ATTEMPT_COUNT, Some(*attempts));
            "attempts".to_owned()
        }
        StepKind::Tool {
            name,
            id,
            bound,
            known,
            is_error: _,
        } => {
            add.label(names::GEN_AI_OPERATION_NAME, "execute_tool");
            add.text(names::GEN_AI_TOOL_NAME, name.as_deref());
            add.text(names::GEN_AI_TOOL_CALL_ID, id.as_deref());
            add.label(names::GEN_AI_TOOL_TYPE, "function");
            add.label(names::LLM_TRACER_TOOL_TIME, bound.name());
            if let Some(known) = known {
                add_known(
                    add,
                    names::LLM_TRACER_TOOL_RESULT_CONFIDENCE,
                    names::LLM_TRACER_TOOL_RESULT_SOURCE,
                    *known,
                );
            }
            match name {
                Some(name) => format!("execute_tool {name}"),
                None => "execute_tool".to_owned(),
            }
        }
    }
}

fn add_session(add: &mut Builder, session: Option<&Session>) {
    if let Some(Session { id, known, .. }) = session {
        add.text(names::SESSION_ID, Some(id));
        add_known(
            add,
            names::LLM_TRACER_SESSION_CONFIDENCE,
            names::LLM_TRACER_SESSION_SOURCE,
            *known,
        );
    }
}

fn add_parent(add: &mut Builder, parent: Option<&Parent>) {
    if let Some(parent) = parent {
        add_known(
            add,
            names::LLM_TRACER_PARENT_CONFIDENCE,
            names::LLM_TRACER_PARENT_SOURCE,
            parent.known,
        );
    }
}

pub(super) fn add_known(
    add: &mut Builder,
    confidence: &'static str,
    source: &'static str,
    Known {
        confidence: how,
        by,
    }: Known,
) {
    add.label(confidence, how.name());
    add.label(source, by);
}
