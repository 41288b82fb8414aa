//! Tools of turns: which of them a call does the work of, and what they gave.

use super::{
    asking::Asking,
    correlator::Correlator,
    ids::{SpanId, TraceId},
    known::Known,
    lineage::Parent,
    open::Made,
    tools::{self, PendingTool},
    turn::{Turn, TurnNumber},
    turns::take_out,
};
use crate::time::Timestamp;

/// Turns of a process, the latest ones, among whose tools one is looked for.
const AT_WORK: usize = 64;

impl Correlator {
    /// The tool that a call does the work of.
    pub(super) fn tool_of(
        &mut self,
        asking: &Asking<'_>,
        made: &mut Made,
    ) -> Option<(TraceId, Parent)> {
        let trail = asking.trail?;
        let numbers = self.at_work.get(&asking.process())?;
        let turns = numbers.iter().rev().take(AT_WORK).filter_map(|number| {
            let turn = self.turns.peek(number)?;
            Some((*number, turn))
        });
        let tools = turns
            .flat_map(|(number, turn)| turn.pending.iter().map(move |tool| (number, turn, tool)));
        let is_known = |(_, _, tool): &(TurnNumber, &Turn, &PendingTool)| {
            if tool.asked > asking.start {
                return None;
            }
            match &trail.tool {
                Some(call) => tool.is_call(call),
                None => tool.asks(&trail.texts),
            }
        };
        // Of several that are called alike, the first at which nothing was seen yet; which it is, is
        // then not sure.
        let mut best: Option<(Known, bool, TurnNumber, SpanId)> = None;
        let mut is_alone = true;
        for (found, known) in tools.filter_map(|found| Some((found, is_known(&found)?))) {
            let (number, _, tool) = found;
            let better = best.is_none_or(|(best, is_taken, ..)| {
                (known.confidence, tool.is_parent) < (best.confidence, is_taken)
            });
            is_alone = best.is_none_or(|(best, ..)| known.confidence < best.confidence)
                || (is_alone && best.is_some_and(|(best, ..)| best.confidence < known.confidence));
            if better {
                best = Some((known, tool.is_parent, number, tool.span));
            }
        }
        let (known, _, number, span) = best?;
        let known = if is_alone {
            known
        } else {
            Known::inferred(known.by)
        };
        let turn = self.turns.peek_mut(&number)?;
        let tool = turn.pending.iter_mut().find(|tool| tool.span == span)?;
        tool.is_parent = true;
        let trace = turn.trace;
        made.tool = Some((number, span));
        let parent = Parent {
            span,
            is_remote: false,
            known,
        };
        Some((trace, parent))
    }

    /// A request brings what tools gave, of which the last ones were asked for by `last`.
    pub(super) fn take_results(&mut self, number: TurnNumber, asking: &Asking<'_>, last: SpanId) {
        let (Some(turn), Some(trail)) = (self.turns.get_mut(&number), asking.trail) else {
            return;
        };
        let (mut steps, mut asked_by) = (Vec::new(), vec![last]);
        let before = turn.pending.len();
        for result in &trail.results {
            let gave = |tool: &PendingTool| {
                let known = tool.gave(result);
                known.or_else(|| tool.comes_next(result, last))
            };
            let mut pending = turn.pending.iter().enumerate();
            let found = pending.find_map(|(at, tool)| Some((at, gave(tool)?)));
            let Some((at, known)) = found else {
                continue;
            };
            let tool = turn.pending.remove(at);
            turn.has_results = true;
            asked_by.push(tool.asked_by);
            steps.push(tool.step(turn, Some((result, known)), asking.start));
        }
        // Calls of the same answer that have no result never get one.
        let is_over = |tool: &mut PendingTool| asked_by.contains(&tool.asked_by);
        let over: Vec<_> = turn.pending.extract_if(.., is_over).collect();
        let known = Known::derived("tool_call_id");
        let unanswered = tools::unanswered(&over, turn, known, asking.start);
        self.verdicts.extend(unanswered);
        steps.extend(turn.left(over));
        self.tools = self.tools.saturating_sub(before - turn.pending.len());
        if turn.pending.is_empty() {
            take_out(&mut self.at_work, turn.process, number);
        }
        self.steps.extend(steps);
    }

    pub(super) fn drop_tools(&mut self, number: TurnNumber, time: Timestamp) {
        if let Some(turn) = self.turns.get_mut(&number) {
            let dropped = std::mem::take(&mut turn.pending);
            self.tools = self.tools.saturating_sub(dropped.len());
            let known = Known::derived("messages");
            self.verdicts
                .extend(tools::unanswered(&dropped, turn, known, time));
            let steps = turn.left(dropped);
            turn.is_over = true;
            take_out(&mut self.at_work, turn.process, number);
            self.steps.extend(steps);
        }
        self.settle(number);
    }
}
