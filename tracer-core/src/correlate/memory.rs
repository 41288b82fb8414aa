//! What later calls are found by: marks of earlier ones, the oldest forgotten first.

use std::{
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use super::{
    asking::{Place, SessionName},
    ids::{SpanId, TraceId},
    lineage::{Lineage, Session},
    turn::TurnNumber,
};
use crate::{
    latest::Latest,
    llm::{
        call::CallFacts,
        content::{digest, join},
    },
    segment::ProcessKey,
    time::Timestamp,
};

/// Calls that may have one mark; of more, nobody could tell which is meant.
const ALIKE: usize = 4;

/// By what an earlier call can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark<'a> {
    /// A conversation up to an answer.
    Tip(u64),
    /// A tool that was asked for.
    Tool(&'a str),
    /// An answer that the provider stores.
    Response(&'a str),
    /// A text that was embedded or judged.
    Prepared(u64),
    /// A text that was looked up.
    Sought(u64),
    /// A text that a model answered.
    Answered(u64),
    /// A text that a model was asked.
    Asked(u64),
}

/// Who looks for an earlier call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeker<'a> {
    pub(super) place: Place,
    /// Its session, where the wire names it.
    pub(super) session: Option<SessionName<'a>>,
}

impl<'a> Seeker<'a> {
    /// A call that is over.
    pub(super) fn of_call(facts: &CallFacts, lineage: &'a Lineage) -> Self {
        Self {
            place: (facts.connection, facts.exchange),
            session: lineage.session.as_ref().and_then(Session::name),
        }
    }
}

/// An earlier call.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) turn: TurnNumber,
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) place: Place,
    pub(super) session: Option<Session>,
    pub(super) end: Timestamp,
    /// It tells what it used.
    pub(super) tells_usage: bool,
}

impl Earlier {
    pub(super) const fn process(&self) -> ProcessKey {
        self.place.0.process
    }

    fn is_of(&self, session: SessionName<'_>) -> bool {
        self.session
            .as_ref()
            .is_some_and(|own| own.id == session.id)
    }

    /// The wire says that it was in another session.
    pub(super) fn is_elsewhere(&self, session: Option<SessionName<'_>>) -> bool {
        let (Some(own), Some(session)) = (&self.session, session) else {
            return false;
        };
        own.known.by == session.source && own.id != session.id
    }
}

/// The calls that have one mark: nearly always one.
#[derive(Debug)]
enum Alike {
    One(Arc<Earlier>),
    Some(Vec<Arc<Earlier>>),
}

/// Earlier calls by their marks.
#[derive(Debug)]
pub(super) struct Memory {
    calls: Latest<u64, Alike, BuildHasherDefault<Digested>>,
}

impl Memory {
    /// Remembers so many marks.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            calls: Latest::new(capacity),
        }
    }

    /// A call can be found by `mark` from now on.
    pub(super) fn remember(&mut self, mark: Mark<'_>, call: &Arc<Earlier>) {
        match self.calls.get_mut(&mark.key()) {
            Some(alike) => alike.push(call),
            None => {
                let alike = Alike::One(Arc::clone(call));
                self.calls.put(mark.key(), alike);
            }
        }
    }

    /// The call that a later one means, and whether that is sure: the only one, or the only one of its
    /// session, or the one of its process where all are hops of one call; likely the only one of its
    /// process or of its connection. `None` where several are as likely.
    pub(super) fn find(
        &mut self,
        mark: Mark<'_>,
        seeker: Seeker<'_>,
    ) -> Option<(Arc<Earlier>, bool)> {
        let Seeker { place, session } = seeker;
        let alike = match self.calls.get_mut(&mark.key())? {
            Alike::One(only) => return Some((Arc::clone(only), !only.is_elsewhere(session))),
            Alike::Some(alike) => alike,
        };
        let is_alone = |is: &dyn Fn(&Earlier) -> bool| {
            let mut found = alike.iter().filter(|call| is(call));
            found.next().filter(|_| found.next().is_none()).cloned()
        };
        if let Some(session) = session
            && let Some(call) = is_alone(&|call| call.is_of(session))
        {
            return Some((call, true));
        }
        let found = is_alone(&|call| call.process() == place.0.process)
            .or_else(|| is_alone(&|call| call.place.0 == place.0))?;
        let are_hops = alike.iter().all(|call| call.trace == found.trace);
        Some((found, are_hops))
    }
}

/// Keys are digests already, under a key that nobody knows.
#[derive(Debug, Default)]
struct Digested(u64);

impl Hasher for Digested {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        // Digests are below 2^61, and tables look at the highest bits.
        self.0 = digest.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Alike {
    fn push(&mut self, call: &Arc<Earlier>) {
        match self {
            // Its choices may be equal.
            Self::One(last) if Arc::ptr_eq(last, call) => {}
            Self::Some(alike) if alike.last().is_some_and(|last| Arc::ptr_eq(last, call)) => {}
            Self::One(other) => *self = Self::Some(vec![Arc::clone(other), Arc::clone(call)]),
            Self::Some(alike) => {
                if alike.len() >= ALIKE {
                    alike.remove(0);
                }
                alike.push(Arc::clone(call));
            }
        }
    }
}

impl Mark<'_> {
    fn key(self) -> u64 {
        match self {
            Self::Tip(tip) => join(1, tip),
            Self::Tool(id) => join(2, digest(id)),
            Self::Response(id) => join(3, digest(id)),
            Self::Prepared(text) => join(4, text),
            Self::Answered(text) => join(5, text),
            Self::Asked(text) => join(6, text),
            Self::Sought(text) => join(7, text),
        }
    }
}
