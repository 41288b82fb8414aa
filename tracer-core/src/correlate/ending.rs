//! What the end of a call that was made means for those around it.

use std::sync::Arc;

use super::{
    asking::is_chat,
    attempts::{Failure, Group, GroupNumber},
    correlator::Correlator,
    ids::TraceId,
    known::Known,
    lineage::{Attempt, AttemptKind, Lineage, Parent},
    memory::{Earlier, Mark},
    open::Made,
    step::{Step, StepKind},
    tools,
    turn::TurnNumber,
};
use crate::{
    evaluation::{Check, Evaluation},
    llm::{
        call::{CallFacts, Operation, Outcome},
        content::{ToolChoice, trail::Marks},
        usage::Usage,
    },
};

/// Tools of a turn that have not given anything; of more, the first are given up.
const PENDING: usize = 1024;
/// Texts of one request that are remembered as asked.
const ASKED: usize = 2;
/// Agents that are called as tools by each other, whose work is seen in all of them.
const NESTED: usize = 8;

impl Correlator {
    pub(super) fn end_made(
        &mut self,
        made: Made,
        facts: &CallFacts,
        marks: Option<&Marks>,
        lineage: &mut Lineage,
    ) {
        lineage.attempt.clone_from(&made.attempt);
        self.pair(facts, lineage);
        self.judge(facts, marks, lineage);
        self.repeats(&made, facts, lineage.trace);
        let number = made.turn;
        let group = self.end_attempt(&made, facts, lineage);
        // What is embedded or looked up for a tool is a part of its work, not all of it.
        if !prepares(facts.operation) {
            self.worked(&made, facts);
        }
        let Some(turn) = self.turns.get_mut(&number) else {
            lineage.parent = group.or(made.caller);
            return;
        };
        turn.answered(facts, lineage.trace);
        if is_chat(facts.operation) && facts.outcome == Outcome::Success {
            let answered = marks.and_then(|marks| marks.answered.as_ref());
            let requested = marks.and_then(|marks| marks.asked.as_ref());
            let choice = requested.map_or(ToolChoice::Free, |asked| asked.choice);
            let asked = match choice {
                // The client's call tells, or nobody runs it.
                _ if turn.is_hop => Vec::new(),
                ToolChoice::One => Vec::new(),
                ToolChoice::Any | ToolChoice::Free => {
                    let is_forced = choice == ToolChoice::Any;
                    tools::of_answer(&self.ids, facts, answered, lineage, is_forced)
                }
            };
            self.found
                .extend(turn.asked_before.note(&asked, turn.trace));
            turn.is_over = asked.is_empty() && !is_paused(facts);
            if !asked.is_empty() {
                turn.grow();
                turn.tool_calls += asked.len() as u64;
                self.tools += asked.len();
                turn.pending.extend(asked);
                let surplus = turn.pending.len().saturating_sub(PENDING);
                let given_up: Vec<_> = turn.pending.drain(..surplus).collect();
                self.tools = self.tools.saturating_sub(surplus);
                self.steps.extend(turn.left(given_up));
                self.at_work.entry(turn.process).or_default().insert(number);
            }
        } else if turn.calls <= 1 {
            turn.is_over = true;
        }
        let of_turn = || {
            let parent = turn.parent()?;
            let known = made.joined.unwrap_or(parent.known);
            Some(Parent { known, ..parent })
        };
        lineage.parent = group.or(made.caller).or_else(of_turn);
        self.remember(number, facts, marks, lineage);
        self.settle(number);
        self.bound_tools();
    }

    /// The same was answered a moment ago.
    fn repeats(&mut self, made: &Made, facts: &CallFacts, trace: TraceId) {
        let is_answered = facts.outcome == Outcome::Success;
        let Some(key) = made.key.filter(|_| is_answered) else {
            return;
        };
        let times = (facts.timing.start, facts.timing.end);
        let before = self.repeated.answered(key, times, trace);
        // Another attempt follows a failure.
        if let Some(before) = before.filter(|_| made.attempt.is_none()) {
            let known = Known::derived("body");
            self.found.push(Evaluation {
                origin: Some(before),
                ..Evaluation::fails(Check::RepeatedCall, known)
            });
        }
    }

    /// The tool that a call does the work of was seen at work, and so were those above it.
    fn worked(&mut self, made: &Made, facts: &CallFacts) {
        let (start, end) = (facts.timing.start, facts.timing.end);
        let of_turn = self.turns.peek(&made.turn).and_then(|turn| turn.work_of);
        let mut work = of_turn.or(made.tool);
        for _ in 0..NESTED {
            let Some((number, span)) = work else { return };
            let Some(turn) = self.turns.get_mut(&number) else {
                return;
            };
            turn.end = turn.end.max(end);
            let mut pending = turn.pending.iter_mut();
            if let Some(tool) = pending.find(|tool| tool.span == span) {
                tool.worked(start, end);
            }
            work = turn.work_of;
        }
    }

    /// What an attempt means for those before and after it; the span around them, if there is one.
    fn end_attempt(
        &mut self,
        made: &Made,
        facts: &CallFacts,
        lineage: &mut Lineage,
    ) -> Option<Parent> {
        let failure = Failure {
            facts,
            trace: lineage.trace,
            span: lineage.span,
            target: made.target,
        };
        let has_failed = facts.outcome != Outcome::Success;
        let number = match (made.group, has_failed) {
            (None, false) => return None,
            (None, true) => {
                let span = self.ids.span((lineage.span, "attempts"));
                let group = Group::new(failure, made.turn, span);
                let has_span = group.has_span;
                while let Some(oldest) = self.attempts.surplus() {
                    self.end_attempts(oldest);
                }
                let number = self.attempts.failed(group, &made.marks);
                if has_span {
                    lineage.attempt = lineage.attempt.take().or(Some(first_seen(facts)));
                }
                if let Some(turn) = self.turns.get_mut(&made.turn) {
                    turn.attempts += 1;
                }
                number
            }
            (Some(number), true) => {
                self.attempts.failed_again(number, &made.marks, failure);
                number
            }
            (Some(number), false) => number,
        };
        let parent = self.attempts.get(number).and_then(|group| {
            // A caller may trace each attempt for itself.
            let is_around = group.has_span && group.trace == lineage.trace;
            is_around.then_some(Parent {
                span: group.span,
                is_remote: false,
                known: lineage
                    .attempt
                    .as_ref()
                    .map_or(Known::derived("attempt"), |attempt| attempt.known),
            })
        });
        if !has_failed {
            self.end_attempts_at(number, Some(facts));
        }
        parent
    }

    pub(super) fn end_attempts(&mut self, number: GroupNumber) {
        let turn = self.attempts.get(number).map(|group| group.turn);
        self.end_attempts_at(number, None);
        if let Some(turn) = turn {
            self.settle(turn);
        }
    }

    pub(super) fn end_attempts_at(&mut self, number: GroupNumber, success: Option<&CallFacts>) {
        let Some(group) = self.attempts.over(number) else {
            return;
        };
        let turn = self.turns.get_mut(&group.turn);
        let (parent, session) = turn.map_or((None, None), |turn| {
            turn.attempts = turn.attempts.saturating_sub(1);
            turn.is_over |= turn.under_way == 0 && success.is_none();
            (turn.parent(), turn.session.clone())
        });
        if group.has_span {
            self.tell(Step {
                process: group.process,
                trace: group.trace,
                span: group.span,
                parent,
                links: Vec::new(),
                session,
                start: group.start,
                end: success.map_or(group.end, |facts| facts.timing.end.max(group.end)),
                error: group.told_error().filter(|_| success.is_none()),
                kind: StepKind::Attempts {
                    attempts: group.attempts + u64::from(success.is_some()),
                },
                evaluations: Vec::new(),
            });
        }
    }

    /// Later calls can be found by what this one said.
    fn remember(
        &mut self,
        turn: TurnNumber,
        facts: &CallFacts,
        marks: Option<&Marks>,
        lineage: &Lineage,
    ) {
        let call = Arc::new(Earlier {
            turn,
            trace: lineage.trace,
            span: lineage.span,
            place: (facts.connection, facts.exchange),
            session: lineage.session.clone(),
            end: facts.timing.end,
            tells_usage: facts.usage != Usage::default(),
        });
        let mut remember = |mark| self.memory.remember(mark, &call);
        if let Some(id) = &facts.response.id {
            remember(Mark::Response(id));
        }
        let is_hop = self.turns.peek(&turn).is_some_and(|turn| turn.is_hop);
        let Some(Marks { asked, answered }) = marks.filter(|_| !is_hop) else {
            return;
        };
        if let Some(answered) = answered {
            answered
                .tips
                .iter()
                .for_each(|tip| remember(Mark::Tip(*tip)));
            let ids = answered.tools.iter().filter_map(|tool| tool.id.as_deref());
            ids.for_each(|id| remember(Mark::Tool(id)));
            if is_chat(facts.operation) {
                answered
                    .texts
                    .iter()
                    .for_each(|text| remember(Mark::Answered(*text)));
                let quotable = answered.quotable.iter();
                quotable.for_each(|quotable| self.quotes.note(*quotable));
            }
        }
        // Moderation may look at it when it is answered.
        if let Some(asked) = asked.as_ref().filter(|_| is_chat(facts.operation)) {
            let last = asked.texts.iter().rev().take(ASKED);
            last.for_each(|text| remember(Mark::Asked(*text)));
        }
        if let Some(asked) = asked.as_ref().filter(|_| prepares(facts.operation)) {
            let mark = match facts.operation {
                Operation::Retrieval | Operation::Rerank => Mark::Sought,
                _ => Mark::Prepared,
            };
            asked.texts.iter().for_each(|text| remember(mark(*text)));
        }
    }
}

/// Of several attempts at a call the first that was seen.
fn first_seen(facts: &CallFacts) -> Attempt {
    let before = facts.request.retry_count.unwrap_or(0);
    let (kind, known) = match before {
        0 => (AttemptKind::First, Known::derived("status")),
        _ => (AttemptKind::Retry, Known::observed("retry_count")),
    };
    Attempt {
        number: before.saturating_add(1),
        kind,
        reason: None,
        known,
    }
}

/// The provider hands the turn back to have it go on.
fn is_paused(facts: &CallFacts) -> bool {
    facts
        .response
        .finish_reasons
        .iter()
        .any(|reason| reason == "pause_turn")
}

/// Calls that are made for the sake of others.
const fn prepares(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Embeddings | Operation::Retrieval | Operation::Moderation | Operation::Rerank
    )
}
