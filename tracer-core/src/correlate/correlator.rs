//! The books of all calls under way, and of what later calls can be joined by.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use lru::LruCache;

use super::{
    asking::{Asking, Place, is_chat},
    attempts::{self, Attempts, Failure, Group, GroupNumber},
    ids::{IdKey, Ids, SpanId, TraceId},
    known::Known,
    lineage::{Attempt, AttemptKind, Lineage, Link, Parent, Session},
    memory::{Earlier, Mark, Memory},
    serving::{ServedMarks, Serving},
    step::{Step, StepKind},
    tools,
    turn::{Above, Turn, TurnNumber},
};
use crate::{
    detect::Role,
    llm::{
        call::{Call, CallFacts, Captured, Operation, OtherEnd, Outcome, PairNumber},
        content::trail::{AskedTrail, Marks},
    },
    segment::ProcessKey,
    time::Timestamp,
};

/// Calls under way that are known at once; more are joined only when they are over.
const OPEN: usize = 16 << 10;
/// Turns under way.
const TURNS: usize = 16 << 10;
/// Marks of earlier calls, about four for each.
const MARKS: usize = 64 << 10;
/// Sessions that the wire names, and pairs of calls that were seen at both ends.
const NAMED: usize = 16 << 10;
/// Tools of a turn that have not given anything; of more, the first are given up.
const PENDING: usize = 1024;
/// Agents that are called as tools by each other, whose work is seen in all of them.
const NESTED: usize = 8;
/// How long a turn may be silent: tools run, people think about what they approve.
const SILENCE: Duration = Duration::from_mins(30);
/// After so long a call that is under way was lost: no exchange is silent for longer.
const FORGOTTEN: Duration = Duration::from_hours(6);

/// By what calls are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relations {
    /// Not at all: each call begins a trace, or joins that of its caller.
    Off,
    /// By ids alone, not by what is said: where texts are not those that were said.
    ByIds,
    /// By all that tells.
    #[default]
    All,
}

/// Joins calls. What it cannot join is as right as what it can, only alone.
#[derive(Debug)]
pub(crate) struct Correlator {
    relations: Relations,
    pub(super) ids: Ids,
    pub(super) memory: Memory,
    /// The first is the one that was silent longest.
    pub(super) turns: LruCache<TurnNumber, Turn>,
    pub(super) attempts: Attempts,
    pub(super) open: HashMap<Place, Open>,
    /// Calls that a process serves.
    pub(super) serving: Serving,
    /// Turns under way by process.
    of_process: HashMap<ProcessKey, BTreeSet<TurnNumber>>,
    /// Those of them whose tools are at work.
    pub(super) at_work: HashMap<ProcessKey, BTreeSet<TurnNumber>>,
    /// The turn under way of each session that the wire names.
    pub(super) named: LruCache<u64, TurnNumber>,
    pairs: LruCache<PairNumber, (TraceId, SpanId)>,
    pub(super) last_turn: u64,
    /// Calls so far: an exchange may hold several, and a connection that was forgotten begins anew.
    calls: u64,
    steps: Vec<Step>,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) start: Timestamp,
    pub(super) span: SpanId,
    pub(super) trace: TraceId,
    pub(super) session: Option<Session>,
    pub(super) links: Vec<Link>,
    pub(super) side: Side,
}

/// What differs by the role of the process.
#[derive(Debug)]
pub(super) enum Side {
    /// It made the call.
    Made(Made),
    /// It serves it.
    Served {
        parent: Option<Parent>,
        marks: ServedMarks,
        /// Others have joined its trace, which cannot change any more.
        is_joined: bool,
    },
}

/// A call that the process made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) turn: TurnNumber,
    /// The span of the caller's own, where the request names one.
    pub(super) caller: Option<Parent>,
    /// How it is known to belong to its turn, unless it began that.
    pub(super) joined: Option<Known>,
    pub(super) group: Option<GroupNumber>,
    pub(super) attempt: Option<Attempt>,
    pub(super) marks: attempts::Marks,
    pub(super) target: u64,
    /// The tool that it does the work of.
    pub(super) tool: Option<(TurnNumber, SpanId)>,
}

impl Correlator {
    /// Nothing is known yet.
    pub(crate) fn new(key: &IdKey, relations: Relations) -> Self {
        Self {
            relations,
            ids: Ids::new(key),
            memory: Memory::new(MARKS),
            // Not made with their capacity: that would be allocated at once.
            turns: LruCache::unbounded(),
            attempts: Attempts::default(),
            open: HashMap::new(),
            serving: Serving::default(),
            of_process: HashMap::new(),
            at_work: HashMap::new(),
            named: LruCache::unbounded(),
            pairs: LruCache::unbounded(),
            last_turn: 0,
            calls: 0,
            steps: Vec::new(),
        }
    }

    /// The request of a call was seen. `client`: the call of a process of this host that it is the
    /// other end of.
    pub(crate) fn asked(&mut self, asking: &Asking<'_>, client: Option<Place>) {
        if self.relations == Relations::Off
            || self.open.len() >= OPEN
            || self.open.contains_key(&asking.place)
        {
            return;
        }
        let by_ids = (self.relations == Relations::ByIds)
            .then(|| asking.trail.map(AskedTrail::without_texts));
        self.calls += 1;
        let asking = &match &by_ids {
            Some(trail) => Asking {
                serial: self.calls,
                body: None,
                trail: trail.as_ref(),
                ..asking.clone()
            },
            None => Asking {
                serial: self.calls,
                ..asking.clone()
            },
        };
        let open = self.admit(asking, client);
        self.open.insert(asking.place, open);
    }

    /// A call that is served turned out to be the other end of one that began later, as it seemed.
    pub(crate) fn met(&mut self, server: Place, client: Place) {
        let Some(&Open { trace, span, .. }) = self.open.get(&client) else {
            return;
        };
        let Some(open) = self.open.get_mut(&server) else {
            return;
        };
        if let Side::Served {
            parent, is_joined, ..
        } = &mut open.side
            && (open.trace == trace || !*is_joined)
        {
            open.trace = trace;
            *parent = Some(both_ends(span));
            *is_joined = true;
        }
    }

    /// It came to no call.
    pub(crate) fn forget(&mut self, place: Place) {
        let Some(open) = self.open.remove(&place) else {
            return;
        };
        match open.side {
            Side::Served { marks, .. } => self.serving.end(place, &marks),
            Side::Made(made) => {
                if let Some(group) = made.group {
                    self.attempts.untried(group);
                }
                if let Some(turn) = self.turns.get_mut(&made.turn) {
                    turn.under_way = turn.under_way.saturating_sub(1);
                    turn.calls = turn.calls.saturating_sub(1);
                }
                self.settle(made.turn);
            }
        }
    }

    /// A call is over: it gets its place, and can be found by those after it.
    pub(crate) fn answered(&mut self, call: &mut Call<Captured>) {
        if self.relations == Relations::Off {
            return;
        }
        let mut marks = call.take_marks();
        if let Some(marks) = marks
            .as_mut()
            .filter(|_| self.relations == Relations::ByIds)
        {
            marks.forget_texts();
        }
        let facts = call.facts();
        let place = (facts.connection, facts.exchange);
        let open = self.open.remove(&place).unwrap_or_else(|| {
            let trail = marks.as_ref().and_then(|marks| marks.asked.as_ref());
            self.calls += 1;
            self.admit(&Asking::late(facts, trail, self.calls), None)
        });
        let Open {
            start: _,
            span,
            trace,
            session,
            links,
            side,
        } = open;
        let mut lineage = Lineage {
            trace,
            span,
            parent: None,
            links,
            session,
            attempt: None,
        };
        match side {
            Side::Made(made) => self.end_made(made, facts, marks.as_deref(), &mut lineage),
            Side::Served {
                parent,
                marks,
                is_joined,
            } => {
                self.serving.end(place, &marks);
                lineage.parent = parent;
                self.join_client(facts, is_joined, &mut lineage);
            }
        }
        call.set_lineage(lineage);
    }

    /// Lets time pass.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        for number in self.attempts.expired(now) {
            self.end_attempts(number);
        }
        let is_lost = |open: &Open| now.since(open.start) >= FORGOTTEN;
        let lost = self.open.iter().filter(|(_, open)| is_lost(open));
        let lost: Vec<_> = lost.map(|(place, _)| *place).collect();
        for place in lost {
            self.forget(place);
        }
        while let Some((_, turn)) = self.turns.peek_lru()
            && now.since(turn.end) > SILENCE
            && let Some((number, turn)) = self.turns.pop_lru()
        {
            self.end_turn(number, turn);
        }
    }

    /// A process is gone: so is what it had under way.
    pub(crate) fn process_ended(&mut self, process: ProcessKey) {
        // It may have tried again in the turn of another process.
        for number in self.attempts.of_process(process) {
            self.end_attempts(number);
        }
        let turns = self.of_process.remove(&process).unwrap_or_default();
        for number in turns {
            if let Some(turn) = self.turns.pop(&number) {
                self.end_turn(number, turn);
            }
        }
    }

    /// Nothing more will come: what is under way ends here.
    pub(crate) fn settle_all(&mut self) {
        for number in self.attempts.all() {
            self.end_attempts(number);
        }
        while let Some((number, turn)) = self.turns.pop_lru() {
            self.end_turn(number, turn);
        }
    }

    /// Spans that no exchange has, since the last time.
    pub(crate) fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
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

    pub(super) fn begin_turn(&mut self, turn: Turn) -> TurnNumber {
        self.last_turn += 1;
        let number = TurnNumber(self.last_turn);
        let of_process = self.of_process.entry(turn.process).or_default();
        of_process.insert(number);
        self.turns.put(number, turn);
        while self.turns.len() > TURNS {
            if let Some((number, turn)) = self.turns.pop_lru() {
                self.end_turn(number, turn);
            }
        }
        number
    }

    /// A session has a turn; the one under way stays until it is over.
    pub(super) fn name(&mut self, session: u64, turn: TurnNumber) {
        let before = self.named.get(&session);
        if before.is_some_and(|before| self.turns.contains(before)) {
            return;
        }
        self.named.put(session, turn);
        while self.named.len() > NAMED {
            self.named.pop_lru();
        }
    }

    pub(super) fn tell(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn end_made(
        &mut self,
        made: Made,
        facts: &CallFacts,
        marks: Option<&Marks>,
        lineage: &mut Lineage,
    ) {
        lineage.attempt.clone_from(&made.attempt);
        self.pair(facts, lineage);
        let number = made.turn;
        let group = self.end_attempt(&made, facts, lineage);
        self.worked(&made, facts);
        let Some(turn) = self.turns.get_mut(&number) else {
            lineage.parent = group.or(made.caller);
            return;
        };
        turn.answered(facts);
        turn.error = match &facts.outcome {
            Outcome::Failed { error_type } => Some(error_type.clone()),
            Outcome::Cancelled => Some("cancelled".into()),
            Outcome::Success => None,
        };
        if is_chat(facts.operation) && facts.outcome == Outcome::Success {
            let answered = marks.and_then(|marks| marks.answered.as_ref());
            let asked = tools::of_answer(&self.ids, facts, answered, lineage.span);
            turn.is_over = asked.is_empty() && !is_paused(facts);
            if !asked.is_empty() {
                turn.grow();
                turn.tool_calls += asked.len() as u64;
                turn.pending.extend(asked);
                let surplus = turn.pending.len().saturating_sub(PENDING);
                let given_up: Vec<_> = turn.pending.drain(..surplus).collect();
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
            span: lineage.span,
            target: made.target,
        };
        let has_failed = facts.outcome != Outcome::Success;
        let number = match (made.group, has_failed) {
            (None, false) => return None,
            (None, true) => {
                let span = self.ids.span((lineage.span, "attempts"));
                let group = Group::new(failure, lineage.trace, made.turn, span);
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

    fn end_attempts(&mut self, number: GroupNumber) {
        let turn = self.attempts.get(number).map(|group| group.turn);
        self.end_attempts_at(number, None);
        if let Some(turn) = turn {
            self.settle(turn);
        }
    }

    fn end_attempts_at(&mut self, number: GroupNumber, success: Option<&CallFacts>) {
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
                error: group.error.filter(|_| success.is_none()),
                kind: StepKind::Attempts {
                    attempts: group.attempts + u64::from(success.is_some()),
                },
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
        });
        let mut remember = |mark| self.memory.remember(mark, &call);
        if let Some(id) = &facts.response.id {
            remember(Mark::Response(id));
        }
        let Some(Marks { asked, answered }) = marks else {
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
            }
        }
        if let Some(asked) = asked.as_ref().filter(|_| prepares(facts.operation)) {
            asked
                .texts
                .iter()
                .for_each(|text| remember(Mark::Prepared(*text)));
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

    pub(super) fn end_turn(&mut self, number: TurnNumber, mut turn: Turn) {
        take_out(&mut self.of_process, turn.process, number);
        take_out(&mut self.at_work, turn.process, number);
        let unanswered = std::mem::take(&mut turn.pending);
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
        });
    }

    /// The other end can find the span of a call that this process made.
    fn pair(&mut self, facts: &CallFacts, lineage: &Lineage) {
        if let OtherEnd::Known(pair) = facts.other_end {
            self.pairs.put(pair, (lineage.trace, lineage.span));
            while self.pairs.len() > NAMED {
                self.pairs.pop_lru();
            }
        }
    }

    /// A call that is served is part of the one that its client made.
    fn join_client(&mut self, facts: &CallFacts, is_joined: bool, lineage: &mut Lineage) {
        let OtherEnd::Known(pair) = facts.other_end else {
            return;
        };
        let Some((trace, span)) = self.pairs.pop(&pair) else {
            return;
        };
        if trace == lineage.trace || !is_joined {
            lineage.trace = trace;
            lineage.parent = Some(both_ends(span));
        }
    }
}

/// The client's end of a call as what the server's is part of.
pub(super) const fn both_ends(span: SpanId) -> Parent {
    Parent {
        span,
        is_remote: true,
        known: Known::derived("both_ends"),
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

/// A process made the call.
pub(super) fn is_made(role: Role) -> bool {
    role == Role::Client
}
