//! Calls that processes serve, by what they say: which of them a process passes on.

use std::collections::{HashMap, HashSet};

use super::{asking::Place, known::Known};
use crate::{
    llm::content::{join, trail::AskedTrail},
    segment::ProcessKey,
};

/// Calls under way that processes serve. Neither finding nor ending one looks at the others.
#[derive(Debug, Default)]
pub(super) struct Serving {
    of_process: HashMap<ProcessKey, HashSet<Place>>,
    by_mark: HashMap<u64, HashSet<Place>>,
}

/// By what a call that is served can be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServedMarks {
    /// All of its messages.
    all: Option<u64>,
    /// Texts behind the last answer.
    texts: Vec<u64>,
}

impl ServedMarks {
    pub(super) fn of(process: ProcessKey, trail: Option<&AskedTrail>) -> Self {
        let Some(trail) = trail else {
            return Self::default();
        };
        let mark = |kind: u64, value| join(join(kind, process.0), value);
        Self {
            all: (trail.messages > 0).then(|| mark(1, trail.all)),
            texts: trail.texts.iter().map(|text| mark(2, *text)).collect(),
        }
    }

    fn each(&self) -> impl Iterator<Item = u64> {
        self.all.into_iter().chain(self.texts.iter().copied())
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
    pub(super) fn find(&self, process: ProcessKey, marks: &ServedMarks) -> Option<(Place, Known)> {
        let mut all = marks.all.iter();
        if let Some(same) = all.find_map(|all| self.by_mark.get(all)) {
            return Some((only(same)?, Known::derived("messages")));
        }
        let texts = marks.texts.iter().filter_map(|text| self.by_mark.get(text));
        let mut telling = texts.filter_map(only);
        if let Some(first) = telling.next() {
            let is_it = telling.all(|other| other == first);
            return is_it.then_some((first, Known::inferred("text")));
        }
        let meanwhile = only(self.of_process.get(&process)?)?;
        Some((meanwhile, Known::inferred("served_meanwhile")))
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
