//! Attempts at the same: which call tries again what failed before.
//!
//! A call is another attempt only if one before it failed. The same request after a success is a
//! duplicate, and one beside another that is under way may be another user's: neither is joined.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use super::{
    asking::Asking,
    ids::{SpanId, TraceId},
    known::Known,
    lineage::{Attempt, AttemptKind, Link, Relation},
    turn::TurnNumber,
};
use crate::{
    confidence::Confidence,
    llm::{
        call::{CallFacts, OTHER, Outcome},
        content::join,
    },
    segment::ProcessKey,
    time::Timestamp,
};

/// How long after a failure an attempt may follow, unless the provider asks for more patience.
const WINDOW: Duration = Duration::from_secs(60);
/// The most patience that a provider may ask for.
const LONGEST: Duration = Duration::from_mins(10);
/// Failed calls that are remembered; beyond it the oldest is over.
const FAILED: usize = 8192;
/// Of these, calls that are alike.
const ALIKE: usize = 64;

/// Number of a call with its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct GroupNumber(u64);

/// Calls that failed, and may be tried again.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// In the order in which they failed first.
    groups: BTreeMap<GroupNumber, Group>,
    by_mark: HashMap<u64, Vec<GroupNumber>>,
    by_process: HashMap<ProcessKey, BTreeSet<GroupNumber>>,
    last: u64,
}

/// A call with its attempts so far.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) process: ProcessKey,
    pub(super) turn: TurnNumber,
    pub(super) trace: TraceId,
    /// The span around all attempts.
    pub(super) span: SpanId,
    /// It gets that span: its first failure was one after which clients try again.
    pub(super) has_span: bool,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) attempts: u64,
    /// The number of the last attempt: there may have been some before that nobody saw.
    number: u64,
    error: Option<String>,
    /// The last attempt: a caller may trace each for itself.
    last: (TraceId, SpanId),
    target: u64,
    model: Option<String>,
    marks: Vec<u64>,
    /// Nobody tries again after this.
    until: Timestamp,
    /// Another attempt is under way.
    is_tried: bool,
    /// An attempt of another one that is alike may have been meant for it.
    is_doubtful: bool,
}

/// What the marks of a request are: by what its attempts can be found.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// The client's own name for all attempts.
    key: Option<u64>,
    /// The same body to the same place.
    body: Option<u64>,
    /// The same conversation.
    said: Option<u64>,
}

impl Marks {
    pub(super) fn of(asking: &Asking<'_>) -> Self {
        let process = asking.process().0;
        let mark = |kind: u64, value: u64| join(join(kind, process), value);
        let body = asking.body.map(|body| join(asking.target, body));
        let said = asking.trail.filter(|trail| trail.messages > 0);
        Self {
            key: asking.key.map(|key| mark(1, key)),
            body: body.map(|body| mark(2, body)),
            said: said.map(|trail| mark(3, trail.all)),
        }
    }

    fn all(&self) -> Vec<u64> {
        [self.key, self.body, self.said]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Attempts {
    /// The failed call that a request tries again, which is then under way.
    pub(super) fn find(
        &mut self,
        asking: &Asking<'_>,
        marks: &Marks,
    ) -> Option<(GroupNumber, Attempt, Link)> {
        let says_so = asking.retry_count.is_some_and(|count| count > 0);
        let is_same = |same: bool| move |group: &Group| group.is_same(asking) == same;
        let (retry, fallback) = (AttemptKind::Retry, AttemptKind::Fallback);
        let found = |found: Option<(GroupNumber, bool)>, kind, known| {
            found.map(|(number, is_alike)| (number, is_alike, kind, known))
        };
        let by_key = self.candidate(marks.key, asking, |_| true);
        let (number, is_alike, kind, known) =
            found(by_key, retry, Known::observed("idempotency_key"))
                .or_else(|| {
                    let by_body = self.candidate(marks.body, asking, |_| true);
                    found(by_body, retry, Known::derived("body"))
                })
                .or_else(|| {
                    let by_said = self.candidate(marks.said, asking, is_same(true));
                    found(by_said, retry, Known::inferred("messages"))
                })
                .or_else(|| {
                    let by_said = self.candidate(marks.said, asking, is_same(false));
                    found(by_said, fallback, Known::inferred("messages"))
                })?;
        if is_alike {
            self.doubt(marks);
        }
        let group = self.groups.get_mut(&number)?;
        group.is_tried = true;
        let known = match kind {
            // Which of those that are alike is tried again, nobody can tell.
            _ if is_alike || (group.is_doubtful && known.confidence != Confidence::Observed) => {
                Known::inferred(known.by)
            }
            AttemptKind::Retry if says_so => Known::observed("retry_count"),
            // It says that it is the first: an application that asks again, or somebody else.
            _ if asking.retry_count == Some(0) && known.confidence == Confidence::Derived => {
                Known::inferred(known.by)
            }
            _ => known,
        };
        let link = Link {
            trace: group.last.0,
            span: group.last.1,
            relation: Relation::PreviousAttempt,
            known,
        };
        let attempt = Attempt {
            number: group
                .number
                .max(asking.retry_count.unwrap_or(0))
                .saturating_add(1),
            kind,
            reason: group.error.clone(),
            known,
        };
        Some((number, attempt, link))
    }

    /// The failed call with a mark that came first, and whether there are others like it.
    fn candidate(
        &self,
        mark: Option<u64>,
        asking: &Asking<'_>,
        is_it: impl Fn(&Group) -> bool,
    ) -> Option<(GroupNumber, bool)> {
        let numbers = self.by_mark.get(&mark?)?;
        let mut waiting = numbers.iter().filter(|number| {
            self.groups.get(number).is_some_and(|group| {
                !group.is_tried
                    && asking.start <= group.until
                    && asking.start >= group.end
                    && is_it(group)
            })
        });
        let first = *waiting.next()?;
        Some((first, waiting.next().is_some()))
    }

    /// Calls with one of these marks are alike, and an attempt at one of them was seen: of those that
    /// follow nobody can tell either what they are attempts at.
    fn doubt(&mut self, marks: &Marks) {
        for mark in marks.all() {
            for number in self.by_mark.get(&mark).into_iter().flatten() {
                if let Some(group) = self.groups.get_mut(number) {
                    group.is_doubtful = true;
                }
            }
        }
    }

    /// An attempt that was under way came to no call: others may follow.
    pub(super) fn untried(&mut self, number: GroupNumber) {
        if let Some(group) = self.groups.get_mut(&number) {
            group.is_tried = false;
        }
    }

    /// The one to give up before another call fails.
    pub(super) fn surplus(&self) -> Option<GroupNumber> {
        let is_full = self.groups.len() >= FAILED;
        is_full.then(|| self.groups.keys().next().copied())?
    }

    pub(super) fn get(&self, number: GroupNumber) -> Option<&Group> {
        self.groups.get(&number)
    }

    /// A call failed for the first time.
    pub(super) fn failed(&mut self, mut group: Group, marks: &Marks) -> GroupNumber {
        self.last += 1;
        let number = GroupNumber(self.last);
        for mark in marks.all() {
            let alike = self.by_mark.entry(mark).or_default();
            if alike.len() < ALIKE {
                alike.push(number);
                group.marks.push(mark);
            }
        }
        let of_process = self.by_process.entry(group.process).or_default();
        of_process.insert(number);
        self.groups.insert(number, group);
        number
    }

    /// Another attempt failed, too.
    pub(super) fn failed_again(&mut self, number: GroupNumber, marks: &Marks, again: Failure<'_>) {
        let Some(group) = self.groups.get_mut(&number) else {
            return;
        };
        group.note(&again);
        group.is_tried = false;
        for mark in marks.all() {
            let alike = self.by_mark.entry(mark).or_default();
            if !group.marks.contains(&mark) && alike.len() < ALIKE {
                group.marks.push(mark);
                alike.push(number);
            }
        }
    }

    /// The attempt came to nothing that could be told; others may follow.
    pub(super) fn over(&mut self, number: GroupNumber) -> Option<Group> {
        let group = self.groups.remove(&number)?;
        if let Some(of_process) = self.by_process.get_mut(&group.process) {
            of_process.remove(&number);
            if of_process.is_empty() {
                self.by_process.remove(&group.process);
            }
        }
        for mark in &group.marks {
            if let Some(numbers) = self.by_mark.get_mut(mark) {
                numbers.retain(|other| *other != number);
                if numbers.is_empty() {
                    self.by_mark.remove(mark);
                }
            }
        }
        Some(group)
    }

    /// Those that nobody tries again any more, in order.
    pub(super) fn expired(&self, now: Timestamp) -> Vec<GroupNumber> {
        let is_over = |group: &Group| !group.is_tried && group.until < now;
        let expired = self.groups.iter().filter(|(_, group)| is_over(group));
        expired.map(|(number, _)| *number).collect()
    }

    /// Those of a process, in order.
    pub(super) fn of_process(&self, process: ProcessKey) -> Vec<GroupNumber> {
        let of_process = self.by_process.get(&process).into_iter().flatten();
        of_process.copied().collect()
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> Vec<GroupNumber> {
        self.groups.keys().copied().collect()
    }
}

/// A call that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure<'a> {
    pub(super) facts: &'a CallFacts,
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) target: u64,
}

impl Group {
    /// After the first failure of a call.
    pub(super) fn new(first: Failure<'_>, turn: TurnNumber, span: SpanId) -> Self {
        let facts = first.facts;
        let mut group = Self {
            process: facts.connection.process,
            turn,
            trace: first.trace,
            span,
            has_span: is_tried_again(facts),
            start: facts.timing.start,
            end: facts.timing.end,
            attempts: 0,
            number: facts.request.retry_count.unwrap_or(0),
            error: None,
            last: (first.trace, first.span),
            target: first.target,
            model: None,
            marks: Vec::new(),
            until: facts.timing.end,
            is_tried: false,
            is_doubtful: false,
        };
        group.note(&first);
        group
    }

    fn note(&mut self, failure: &Failure<'_>) {
        let facts = failure.facts;
        self.attempts += 1;
        let told = facts.request.retry_count.unwrap_or(0).saturating_add(1);
        self.number = self.number.saturating_add(1).max(told);
        self.end = self.end.max(facts.timing.end);
        self.last = (failure.trace, failure.span);
        self.target = failure.target;
        self.model.clone_from(&facts.request.model);
        self.error = reason(&facts.outcome);
        let asked = facts.response.rate_limits.retry_after.unwrap_or_default();
        self.until = facts.timing.end.after(asked.clamp(WINDOW, LONGEST));
    }

    /// Why the last attempt failed, as may be said in the trace of the first: of another trace, only that it
    /// did.
    pub(super) fn told_error(&self) -> Option<String> {
        told_in(self.trace, self.last.0, self.error.clone())
    }

    /// Whether a request asks the same model at the same place.
    fn is_same(&self, asking: &Asking<'_>) -> bool {
        self.target == asking.target && self.model.as_deref() == asking.model
    }
}

/// Why a call failed, if it did.
pub(super) fn reason(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed { error_type } => Some(error_type.clone()),
        Outcome::Cancelled => Some("cancelled".into()),
        Outcome::Success => None,
    }
}

/// Why a call failed, as may be said in a trace that it is perhaps not of.
pub(super) fn told_in(trace: TraceId, of_call: TraceId, error: Option<String>) -> Option<String> {
    if trace == of_call {
        error
    } else {
        error.map(|_| OTHER.to_owned())
    }
}

/// Whether clients try such a call again by themselves: after a limit, an error of the server, or
/// when no answer came at all.
pub(super) fn is_tried_again(facts: &CallFacts) -> bool {
    match (&facts.outcome, facts.response.status) {
        (Outcome::Success, _) => false,
        (_, Some(status)) => matches!(status, 408 | 409 | 425 | 429 | 500..=599),
        (_, None) => true,
    }
}
