//! Tools that a model asked for, until they have given something.

use super::{
    ids::{Ids, SpanId, TraceId},
    known::Known,
    lineage::{Lineage, Link, Relation},
    step::{Step, StepKind, ToolBound},
    turn::Turn,
};
use crate::{
    evaluation::{Check, Evaluation, Verdict},
    llm::{
        call::CallFacts,
        content::trail::{AnsweredTrail, AskedTool, ToolResult},
    },
    time::Timestamp,
};

/// Tools of one answer that are followed.
const TOOLS: usize = 128;

/// A tool at work.
#[derive(Debug)]
pub(super) struct PendingTool {
    pub(super) tool: AskedTool,
    /// Its span.
    pub(super) span: SpanId,
    /// The call that asked for it.
    pub(super) asked_by: SpanId,
    /// The trace of that: a caller may trace each for itself.
    asked_in: TraceId,
    /// When it was asked for: it cannot have begun before.
    pub(super) asked: Timestamp,
    /// When something was seen of it at work.
    pub(super) at_work: Option<(Timestamp, Timestamp)>,
    /// Spans stand below it: it has to leave.
    pub(super) is_parent: bool,
    /// The model had to ask for it: what it asks with is the answer.
    pub(super) is_answer: bool,
}

/// The tools that an answer asks for, of which the caller runs each.
pub(super) fn of_answer(
    ids: &Ids,
    facts: &CallFacts,
    answered: Option<&AnsweredTrail>,
    asked_by: &Lineage,
    is_answer: bool,
) -> Vec<PendingTool> {
    let tools = match answered {
        Some(answered) => answered.tools.clone(),
        // Of an answer that was not read as a whole, ids and names are known.
        None => {
            let calls = facts.response.tool_calls.iter();
            let tool = |call: &crate::llm::call::ToolCall| AskedTool {
                id: call.id.clone(),
                name: Some(call.name.clone()),
                arguments: Default::default(),
            };
            calls.map(tool).collect()
        }
    };
    let pending = |(at, tool): (usize, AskedTool)| PendingTool {
        span: ids.span((asked_by.span, at)),
        tool,
        asked_by: asked_by.span,
        asked_in: asked_by.trace,
        asked: facts.timing.end,
        at_work: None,
        is_parent: false,
        is_answer,
    };
    tools
        .into_iter()
        .take(TOOLS)
        .enumerate()
        .map(pending)
        .collect()
}

/// Of the calls that asked for tools, that these have given nothing when the conversation went on.
pub(super) fn unanswered(
    tools: &[PendingTool],
    turn: &Turn,
    known: Known,
    time: Timestamp,
) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for pending in tools.iter().filter(|tool| !tool.is_answer) {
        if verdicts.iter().any(|known| known.span == pending.asked_by) {
            continue;
        }
        let mut evaluation = Evaluation::fails(Check::UnansweredToolCall, known);
        evaluation.tool.clone_from(&pending.tool.name);
        verdicts.push(Verdict {
            process: turn.process,
            trace: pending.asked_in,
            span: pending.asked_by,
            response_id: None,
            time,
            evaluation,
            reason: None,
        });
    }
    verdicts
}

/// That a tool failed, as its result says or looks.
fn failed(result: &ToolResult, tool: &AskedTool) -> Option<Evaluation> {
    let known = match result.is_error {
        Some(true) => Known::observed("is_error"),
        Some(false) => return None,
        None if result.seems_error => Known::inferred("result_text"),
        None => return None,
    };
    let mut evaluation = Evaluation::fails(Check::ToolError, known);
    evaluation.tool.clone_from(&tool.name);
    Some(evaluation)
}

impl PendingTool {
    /// Whether a result is that of this call, and how that is known.
    pub(super) fn gave(&self, result: &ToolResult) -> Option<Known> {
        match (&self.tool.id, &result.id) {
            (Some(asked), Some(id)) => (asked == id).then_some(Known::derived("tool_call_id")),
            // Where an API has no ids, results stand in the order of the calls.
            _ => {
                let (asked, name) = (self.tool.name.as_deref()?, result.name.as_deref()?);
                (asked == name).then_some(Known::inferred("tool_name"))
            }
        }
    }

    /// Whether a result that has neither an id nor a name may be that of this call of the last answer.
    pub(super) fn comes_next(&self, result: &ToolResult, last: SpanId) -> Option<Known> {
        let is_nameless = result.id.is_none() && result.name.is_none();
        let is_next = is_nameless && self.tool.id.is_none() && self.asked_by == last;
        is_next.then_some(Known::inferred("tool_order"))
    }

    /// Its span, with what it gave by `end`, if anything.
    pub(super) fn step(
        self,
        turn: &Turn,
        result: Option<(&ToolResult, Known)>,
        end: Timestamp,
    ) -> Step {
        let (bound, (start, end)) = match self.at_work {
            Some(times) => (ToolBound::Observed, times),
            None => (ToolBound::Upper, (self.asked, end.max(self.asked))),
        };
        let is_error = result.and_then(|(result, _)| result.is_error);
        let failed = result.and_then(|(result, _)| failed(result, &self.tool));
        Step {
            process: turn.process,
            trace: turn.trace,
            span: self.span,
            parent: turn.parent(),
            links: vec![Link {
                trace: self.asked_in,
                span: self.asked_by,
                relation: Relation::AskedBy,
                known: Known::derived("tool_call"),
            }],
            session: turn.session.clone(),
            start,
            end,
            error: (is_error == Some(true)).then(|| "tool_error".to_owned()),
            kind: StepKind::Tool {
                name: self.tool.name,
                id: self.tool.id,
                bound,
                known: result.map(|(_, known)| known),
                is_error,
            },
            evaluations: failed.into_iter().collect(),
        }
    }

    /// Whether a request of MCP is this call, and how that is known.
    pub(super) fn is_call(&self, call: &AskedTool) -> Option<Known> {
        let (asked, name) = (self.tool.name.as_deref()?, call.name.as_deref()?);
        if asked != name && !asked.strip_suffix(name).is_some_and(is_prefix) {
            return None;
        }
        match (self.tool.arguments.value, call.arguments.value) {
            (Some(asked), Some(given)) => {
                (asked == given).then_some(Known::derived("tool_arguments"))
            }
            _ => Some(Known::inferred("tool_name")),
        }
    }

    /// Whether one of these texts is among its arguments, and how sure it is that somebody asks it for
    /// the tool.
    pub(super) fn asks(&self, texts: &[u64]) -> Option<Known> {
        let own = self.tool.arguments.texts.iter();
        let asked = own.filter(|own| texts.contains(&own.digest));
        let is_long = asked.map(|own| own.is_long).max()?;
        Some(match is_long {
            true => Known::derived("tool_arguments"),
            false => Known::inferred("tool_arguments"),
        })
    }

    /// It was seen at work.
    pub(super) fn worked(&mut self, start: Timestamp, end: Timestamp) {
        let (first, last) = self.at_work.unwrap_or((start, end));
        self.at_work = Some((first.min(start), last.max(end)));
    }
}

/// Agents put the name of the server in front of the tool's: `mcp__server__tool`, `server.tool`.
fn is_prefix(prefix: &str) -> bool {
    prefix.ends_with(['_', '.', '-', '/', ':'])
}
