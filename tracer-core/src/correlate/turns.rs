//! The turns under way: how they begin, grow and end.

use std::collections::{BTreeSet, HashMap};

use super::{
    asking::Asking,
    correlator::Correlator,
    known::Known,
    step::{Step, StepKind},
    tools,
    turn::{Above, Turn, TurnNumber},
};
use crate::segment::ProcessKey;

/// Turns under way.
const TURNS: usize = 16 << 10;
/// Tools at work, of all turns.
const TOOLS: usize = 64 << 10;

impl Correlator {
    pub(super) fn begin_turn(&mut self, turn: Turn) -> TurnNumber {
        self.last_turn += 1;
        let number = TurnNumber(self.last_turn);
        let of_process = self.of_process.entry(turn.process).or_default();
        of_process.insert(number);
        self.turns.put(number, turn);
        while self.turns.len() > TURNS {
            self.end_oldest();
        }
        number
    }

    /// A turn goes on. All attempts at one call are one step of it.
    pub(super) fn enter(&mut self, number: TurnNumber, asking: &Asking<'_>, is_attempt: bool) {
        if let Some(turn) = self.turns.get_mut(&number) {
            turn.under_way += 1;
            turn.calls += 1;
            turn.start = turn.start.min(asking.start);
            turn.end = turn.end.max(asking.start);
            if turn.calls > 1 && !is_attempt {
                turn.grow();
            }
        }
    }

    /// A session has a turn; the one under way stays until it is over.
    pub(super) fn name(&mut self, session: u64, turn: TurnNumber) {
        let known = self.named.get_or_insert_with(session, || turn);
        if !self.turns.contains(known) {
            *known = turn;
        }
    }

    /// Turns with too many tools at work end, those first that were silent longest.
    pub(super) fn bound_tools(&mut self) {
        while self.tools > TOOLS && self.turns.len() > 1 {
            self.end_oldest();
        }
    }

    /// Ends a turn if nothing of it is under way.
    pub(super) fn settle(&mut self, number: TurnNumber) {
        let is_over = |turn: &Turn| turn.is_at_rest() && (turn.is_over || turn.calls == 0);
        if self.turns.peek(&number).is_some_and(is_over)
            && let Some(turn) = self.turns.pop(&number)
        {
            self.end_turn(number, turn);
        }
    }

    /// A turn ends with tools that have given nothing. Of one in which no tool ever gave anything,
    /// nobody knows whether its tools are run at all.
    pub(super) fn left_alone(&mut self, turn: &Turn, known: Known) {
        if turn.has_results {
            let verdicts = tools::unanswered(&turn.pending, turn, known, turn.end);
            self.verdicts.extend(verdicts);
        }
    }

    pub(super) fn end_turn(&mut self, number: TurnNumber, mut turn: Turn) {
        take_out(&mut self.of_process, turn.process, number);
        take_out(&mut self.at_work, turn.process, number);
        let unanswered = std::mem::take(&mut turn.pending);
        self.tools = self.tools.saturating_sub(unanswered.len());
        self.steps.extend(turn.left(unanswered));
        if !turn.has_root {
            return;
        }
        let parent = match turn.above {
            Above::Span(parent) => Some(parent),
            _ => None,
        };
        self.tell(Step {
            process: turn.process,
            trace: turn.trace,
            span: turn.root,
            parent,
            links: Vec::new(),
            session: turn.session,
            start: turn.start,
            end: turn.end,
            error: turn.error,
            kind: StepKind::Turn {
                provider: turn.provider,
                agent: turn.agent,
                calls: turn.calls,
                tool_calls: turn.tool_calls,
            },
            evaluations: Vec::new(),
        });
    }

    fn end_oldest(&mut self) {
        if let Some((number, turn)) = self.turns.pop_lru() {
            self.end_turn(number, turn);
        }
    }
}

/// Takes a turn out of a list of those of each process.
pub(super) fn take_out(
    turns: &mut HashMap<ProcessKey, BTreeSet<TurnNumber>>,
    process: ProcessKey,
    number: TurnNumber,
) {
    if let Some(of_process) = turns.get_mut(&process) {
        of_process.remove(&number);
        if of_process.is_empty() {
            turns.remove(&process);
        }
    }
}
