//! The books of all calls under way, and of what later calls can be joined by.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use lru::LruCache;

use super::{
    asking::{Asking, Place},
    attempts::Attempts,
    hops::Hops,
    ids::{IdKey, Ids, SpanId, TraceId},
    inbound::Inbound,
    judging::Judgements,
    known::Known,
    lineage::Lineage,
    memory::Memory,
    open::{Open, Side},
    quotes::Quotes,
    repeated::Answered,
    serving::Serving,
    step::Step,
    tenants::Tenants,
    turn::{Turn, TurnNumber},
};
use crate::{
    evaluation::{Evaluation, Verdict},
    latest::Latest,
    llm::{
        call::{Call, CallFacts, Captured, OtherEnd, PairNumber},
        content::trail::AskedTrail,
    },
    segment::ProcessKey,
    time::Timestamp,
};

/// Calls under way that are known at once; more are joined only when they are over.
const OPEN: usize = 16 << 10;
/// Marks of earlier calls, about three for each: so many that their index is three quarters full.
const MARKS: usize = 48 << 10;
/// Sessions that the wire names, and pairs of calls that were seen at both ends.
const NAMED: usize = 16 << 10;
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
    pub(super) relations: Relations,
    pub(super) ids: Ids,
    pub(super) memory: Memory,
    /// The first is the one that was silent longest.
    pub(super) turns: LruCache<TurnNumber, Turn>,
    /// Tools at work, of all of them.
    pub(super) tools: usize,
    pub(super) attempts: Attempts,
    pub(super) open: HashMap<Place, Open>,
    /// Calls that a process serves.
    pub(super) serving: Serving,
    /// What else processes serve.
    pub(super) inbound: Inbound,
    /// Whose sessions are.
    tenants: Tenants,
    /// Which hop of what they pass on counts.
    pub(super) hops: Hops,
    /// Turns under way by process.
    pub(super) of_process: HashMap<ProcessKey, BTreeSet<TurnNumber>>,
    /// Those of them whose tools are at work.
    pub(super) at_work: HashMap<ProcessKey, BTreeSet<TurnNumber>>,
    /// The turn under way of each session that the wire names.
    pub(super) named: Latest<u64, TurnNumber>,
    pub(super) pairs: LruCache<PairNumber, (TraceId, SpanId)>,
    pub(super) last_turn: u64,
    /// Calls so far: an exchange may hold several, and a connection that was forgotten begins anew.
    calls: u64,
    /// The time, as far as it was told.
    pub(super) latest: Timestamp,
    pub(super) steps: Vec<Step>,
    pub(super) judgements: Judgements,
    pub(super) quotes: Quotes,
    pub(super) repeated: Answered,
    /// What was found of the call that is over.
    pub(super) found: Vec<Evaluation>,
    /// What was found of calls that have left.
    pub(super) verdicts: Vec<Verdict>,
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
            tools: 0,
            attempts: Attempts::default(),
            open: HashMap::new(),
            serving: Serving::default(),
            inbound: Inbound::default(),
            tenants: Tenants::default(),
            hops: Hops::default(),
            of_process: HashMap::new(),
            at_work: HashMap::new(),
            named: Latest::new(NAMED),
            pairs: LruCache::unbounded(),
            last_turn: 0,
            calls: 0,
            latest: Timestamp::default(),
            steps: Vec::new(),
            judgements: Judgements::default(),
            quotes: Quotes::default(),
            repeated: Answered::default(),
            found: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// The request of a call was seen. `client`: the call of a process of this host that it is the
    /// other end of.
    pub(crate) fn asked(&mut self, asking: Asking<'_>, client: Option<Place>) {
        if self.relations == Relations::Off
            || self.open.len() >= OPEN
            || self.open.contains_key(&asking.place)
        {
            return;
        }
        self.calls += 1;
        let ids;
        let mut asking = Asking {
            serial: self.calls,
            ..asking
        };
        if self.relations == Relations::ByIds {
            ids = asking.trail.map(AskedTrail::without_texts);
            (asking.body, asking.trail) = (None, ids.as_ref());
        }
        if let (Some(session), Some(tenant)) = (&mut asking.session, asking.tenant) {
            self.tenants.scope(session, tenant, &self.ids);
        }
        let open = self.admit(&asking, client);
        self.open.insert(asking.place, open);
    }

    /// It came to no call.
    pub(crate) fn forget(&mut self, place: Place) {
        let Some(open) = self.open.remove(&place) else {
            return;
        };
        match open.side {
            Side::Served {
                marks, has_calls, ..
            } => {
                self.serving.end(place, &marks);
                if has_calls {
                    self.inbound.stand_for(place, open.trace, open.span);
                }
            }
            Side::Made(made) => {
                if let Some((served, _)) = made.passes_on {
                    self.hops.end(served, made.operation);
                }
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
        let judging = call.take_judging();
        let judging = judging.filter(|_| self.relations == Relations::All);
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
        let counted_at;
        let mut judgement = None;
        match side {
            Side::Made(made) => {
                counted_at = self.counted_at(&made, facts);
                // Of a call that was passed on, the client's end tells.
                let turn = self.turns.peek(&made.turn);
                let judging = judging.filter(|_| !turn.is_some_and(|turn| turn.is_hop));
                self.end_made(made, facts, marks.as_deref(), &mut lineage);
                if let Some(judging) = judging {
                    judgement = self.opine(facts, *judging, &mut lineage);
                }
            }
            Side::Served {
                parent,
                marks,
                is_joined,
                is_doubtful,
                ..
            } => {
                self.serving.end(place, &marks);
                lineage.parent = parent;
                self.join_client(facts, is_joined, is_doubtful, &mut lineage);
                counted_at = self.counted_below(facts);
            }
        }
        if let Some(known) = counted_at {
            call.count_elsewhere(known);
        }
        if let Some(judgement) = judgement {
            call.set_judgement(judgement);
        }
        call.set_lineage(lineage);
        call.add_evaluations(self.found.drain(..));
    }

    /// Lets time pass.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.latest = self.latest.max(now);
        for number in self.attempts.expired(now) {
            self.end_attempts(number);
        }
        let is_lost = |open: &Open| now.since(open.start) >= FORGOTTEN;
        let lost = self.open.iter().filter(|(_, open)| is_lost(open));
        let lost: Vec<_> = lost.map(|(place, _)| *place).collect();
        for place in lost {
            self.forget(place);
        }
        for place in self.inbound.older(|start| now.since(start) >= FORGOTTEN) {
            self.request_over(place, now);
        }
        while let Some((_, turn)) = self.turns.peek_lru()
            && now.since(turn.end) > SILENCE
            && let Some((number, turn)) = self.turns.pop_lru()
        {
            self.left_alone(&turn, Known::inferred("silence"));
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
                self.left_alone(&turn, Known::inferred("process_end"));
                self.end_turn(number, turn);
            }
        }
        self.end_requests(Some(process));
    }

    /// Nothing more will come: what is under way ends here.
    pub(crate) fn settle_all(&mut self) {
        for number in self.attempts.all() {
            self.end_attempts(number);
        }
        while let Some((number, turn)) = self.turns.pop_lru() {
            self.end_turn(number, turn);
        }
        self.end_requests(None);
    }

    /// Spans that no exchange has, since the last time.
    pub(crate) fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// What was found of calls that have left, since the last time.
    pub(crate) fn take_verdicts(&mut self) -> Vec<Verdict> {
        std::mem::take(&mut self.verdicts)
    }

    pub(super) fn tell(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// The other end can find the span of a call that this process made.
    pub(super) fn pair(&mut self, facts: &CallFacts, lineage: &Lineage) {
        if let OtherEnd::Known(pair) = facts.other_end {
            self.pairs.put(pair, (lineage.trace, lineage.span));
            while self.pairs.len() > NAMED {
                self.pairs.pop_lru();
            }
        }
    }
}
