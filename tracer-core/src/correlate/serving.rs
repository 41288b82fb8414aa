//! Calls that processes serve, by what they say: which of them a process passes on.

use std::collections::{HashMap, HashSet};

use super::{
    asking::{Asking, Place},
    hops::MESSAGES,
    ids::{SpanId, TraceId},
    known::Known,
};
use crate::{llm::content::join, segment::ProcessKey};

/// Calls under way that processes serve. Neither finding nor ending one looks at the others.
#[derive(Debug, Default)]
pub(super) struct Serving {
    of_process: HashMap<ProcessKey, HashSet<Place>>,
    by_mark: HashMap<u64, HashSet<Place>>,
}

/// By what a call that is served can be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServedMarks {
    /// The span of the caller's own.
    caller: Option<u64>,
    /// The caller's trace.
    trace: Option<u64>,
    /// All of its messages.
    all: Option<u64>,
    /// Texts behind the last answer.
    texts: Vec<u64>,
}

/// What a process passes on by a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PassedOn {
    /// This.
    One(Place, Known),
    /// One of these, which are alike.
    Alike(Vec<Place>),
}

impl ServedMarks {
    pub(super) fn of(asking: &Asking<'_>) -> Self {
        let process = asking.process();
        let mark = |kind: u64, value| join(join(kind, process.0), value);
        let texts = asking.trail.map_or(&[][..], |trail| &trail.texts);
        let said = asking.trail.filter(|trail| trail.messages > 0);
        let trace = |trace: TraceId| join((trace.0 >> 64) as u64, trace.0 as u64);
        let caller = |(of, span): (TraceId, SpanId)| mark(3, join(trace(of), span.0));
        Self {
            caller: asking.parent.map(caller),
            trace: asking.parent.map(|(of, _)| mark(4, trace(of))),
            all: said.map(|trail| mark(1, trail.all)),
            texts: texts.iter().map(|text| mark(2, *text)).collect(),
        }
    }

    /// Both name the same span of a caller's.
    pub(super) fn has_caller_of(&self, other: &Self) -> bool {
        self.caller.is_some() && self.caller == other.caller
    }

    /// They name traces of callers that differ.
    pub(super) fn is_of_another_trace(&self, other: &Self) -> bool {
        self.trace.is_some() && other.trace.is_some() && self.trace != other.trace
    }

    fn each(&self) -> impl Iterator<Item = u64> {
        let ids = [self.caller, self.trace, self.all].into_iter().flatten();
        ids.chain(self.texts.iter().copied())
    }
}

impl Serving {
    /// A call is under way.
    pub(super) fn begin(&mut self, place: Place, marks: &ServedMarks) {
        let of_process = self.of_process.entry(place.0.process).or_default();
        of_process.insert(place);
        for mark in marks.each() {
            self.by_mark.entry(mark).or_default().insert(place);
        }
    }

    /// It is over.
    pub(super) fn end(&mut self, place: Place, marks: &ServedMarks) {
        take_out(&mut self.of_process, place.0.process, place);
        for mark in marks.each() {
            take_out(&mut self.by_mark, mark, place);
        }
    }

    /// The call that a process passes on by one with these marks. What others that are under way say,
    /// too, tells nothing.
    pub(super) fn find(&self, process: ProcessKey, marks: &ServedMarks) -> Option<PassedOn> {
        let of_process = self.of_process.get(&process)?;
        let with = |mark: Option<u64>| self.by_mark.get(&mark?);
        let of_caller = with(marks.caller);
        if let Some(place) = of_caller.and_then(only) {
            return Some(PassedOn::One(place, Known::derived("traceparent")));
        }
        if let Some(same) = with(marks.all) {
            let is_of_caller = |place: &&Place| of_caller.is_none_or(|them| them.contains(*place));
            let mut alike: Vec<_> = same.iter().filter(is_of_caller).copied().collect();
            if alike.is_empty() {
                alike = same.iter().copied().collect();
            }
            return Some(match alike[..] {
                [place] => PassedOn::One(place, Known::derived(MESSAGES)),
                _ => PassedOn::Alike(alike),
            });
        }
        if let Some(place) = with(marks.trace).and_then(only) {
            return Some(PassedOn::One(place, Known::derived("traceparent")));
        }
        let texts = marks.texts.iter().filter_map(|text| self.by_mark.get(text));
        let mut telling = texts.filter_map(only);
        if let Some(first) = telling.next() {
            let is_it = telling.all(|other| other == first);
            return is_it.then_some(PassedOn::One(first, Known::inferred("text")));
        }
        let meanwhile = only(of_process)?;
        Some(PassedOn::One(
            meanwhile,
            Known::inferred("served_meanwhile"),
        ))
    }
}

fn only(places: &HashSet<Place>) -> Option<Place> {
    let mut places = places.iter();
    places.next().filter(|_| places.next().is_none()).copied()
}

fn take_out<K: std::hash::Hash + Eq>(
    places: &mut HashMap<K, HashSet<Place>>,
    key: K,
    place: Place,
) {
    if let Some(of_key) = places.get_mut(&key) {
        of_key.remove(&place);
        if of_key.is_empty() {
            places.remove(&key);
        }
    }
}
