//! Joins what belongs together across the connections of a process: a request, and the answer to it
//! that comes elsewhere.
//!
//! Joined is only what names the same session and the same id of the same asker. A request whose
//! answer is not found is reported as far as it was seen when the stream ends on which it would have
//! come, when it waited too long, or when a bound is passed.

use std::{collections::VecDeque, time::Duration};

use lru::LruCache;

use super::{
    message::Reply,
    session::{News, Over, SessionKey},
};
use crate::{
    detect::Role,
    http::exchange::BodyEnd,
    llm::call::{Call, CallFacts, CaptureState, Captured, Outcome},
    time::Timestamp,
};

/// Sessions that are known at once; beyond it the one that was silent longest is forgotten.
const MAX_SESSIONS: usize = 1024;
/// Requests of one session that wait for their answers.
const MAX_WAITING: usize = 64;
/// Requests of all sessions that do.
const MAX_WAITING_IN_ALL: usize = 4096;
/// Answers of one session that came before it was clear that they were waited for.
const MAX_EARLY: usize = 32;

/// The sessions in which somebody waits, or may.
#[derive(Debug)]
pub(crate) struct Sessions {
    known: LruCache<SessionKey, Session>,
    /// Requests that wait in all of them.
    waiting: usize,
    over: Vec<Call<Captured>>,
}

#[derive(Debug, Default)]
struct Session {
    /// Streams of the server's own that are open.
    streams: u32,
    waiting: VecDeque<Waiting>,
    early: VecDeque<(Reply, Timestamp)>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Waiting {
    asker: Role,
    facts: Box<CallFacts>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            known: LruCache::unbounded(),
            waiting: 0,
            over: Vec::new(),
        }
    }
}

impl Sessions {
    /// Takes what an exchange told.
    pub(crate) fn hear(&mut self, news: News) {
        match news {
            News::Listens(key) => {
                let session = self.session(key);
                session.streams = session.streams.saturating_add(1);
            }
            News::Asked(key, facts) => self.wait(key, Role::Server, facts),
            News::Replied(key, asker, reply, time) => self.replied(&key, asker, reply, time),
            News::Lost(key) => {
                let waiting = self.known.get_mut(&key).map(|session| &mut session.waiting);
                for waiting in waiting.into_iter().flatten() {
                    worsen(&mut waiting.facts, CaptureState::Gap);
                }
            }
            News::Over(key, over) => self.stream_over(&key, over),
        }
    }

    /// A request was only accepted: its answer comes on a stream of the server's own, if there is
    /// one.
    pub(crate) fn accepted(&mut self, key: SessionKey, call: Box<Call<Captured>>) {
        let listens = |session: &&mut Session| session.streams > 0;
        let Some(session) = self.known.get_mut(&key).filter(listens) else {
            return self.over.push(*call);
        };
        let mut facts = Box::new(call.into_facts());
        let id = id_of(&facts);
        let early = session
            .early
            .iter()
            .position(|(reply, _)| reply.id.as_deref() == id);
        if let Some((reply, time)) = early.and_then(|at| session.early.remove(at)) {
            settle(&mut facts, reply, time);
            return self.report(*facts);
        }
        self.wait(key, Role::Client, facts);
    }

    /// Reports what waited for longer than `patience`.
    pub(crate) fn expire(&mut self, now: Timestamp, patience: Duration) {
        let late = |waiting: &mut Waiting| now.since(waiting.facts.timing.start) >= patience;
        let mut over = Vec::new();
        let mut empty = Vec::new();
        for (key, session) in &mut self.known {
            over.extend(extract(&mut session.waiting, late));
            session
                .early
                .retain(|(_, time)| now.since(*time) < patience);
            if session.is_over() {
                empty.push(key.clone());
            }
        }
        for key in empty {
            self.known.pop(&key);
        }
        self.unanswered(over, BodyEnd::Open, None);
    }

    /// The calls that are over.
    pub(crate) fn take_over(&mut self) -> Vec<Call<Captured>> {
        std::mem::take(&mut self.over)
    }

    /// Requests that wait for their answers.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    fn session(&mut self, key: SessionKey) -> &mut Session {
        if !self.known.contains(&key)
            && self.known.len() >= MAX_SESSIONS
            && let Some((_, session)) = self.known.pop_lru()
        {
            self.unanswered(session.waiting, BodyEnd::Truncated, None);
        }
        self.known.get_or_insert_mut(key, Session::default)
    }

    fn wait(&mut self, key: SessionKey, asker: Role, facts: Box<CallFacts>) {
        if self.waiting >= MAX_WAITING_IN_ALL {
            let waiting = Waiting { asker, facts };
            self.waiting += 1;
            return self.unanswered([waiting], BodyEnd::Truncated, None);
        }
        let session = self.session(key);
        session.waiting.push_back(Waiting { asker, facts });
        let oldest = (session.waiting.len() > MAX_WAITING)
            .then(|| session.waiting.pop_front())
            .flatten();
        self.waiting += 1;
        self.unanswered(oldest, BodyEnd::Truncated, None);
    }

    fn replied(&mut self, key: &SessionKey, asker: Role, reply: Reply, time: Timestamp) {
        let Some(session) = self.known.get_mut(key) else {
            return;
        };
        let at = session.waiting.iter().position(|waiting| {
            waiting.asker == asker
                && reply.id.is_some()
                && id_of(&waiting.facts) == reply.id.as_deref()
        });
        if let Some(mut waiting) = at.and_then(|at| session.waiting.remove(at)) {
            self.waiting = self.waiting.saturating_sub(1);
            settle(&mut waiting.facts, reply, time);
            self.report(*waiting.facts);
        } else if asker == Role::Client {
            if session.early.len() >= MAX_EARLY {
                session.early.pop_front();
            }
            session.early.push_back((reply, time));
        }
        self.forget_if_over(key);
    }

    /// What was asked inside the stream has nowhere to be replied to, and with the last stream goes
    /// what would have been answered on it.
    fn stream_over(&mut self, key: &SessionKey, over: Over) {
        let Some(session) = self.known.get_mut(key) else {
            return;
        };
        session.streams = session.streams.saturating_sub(u32::from(over.listened));
        let deaf = session.streams == 0;
        let stream = (over.stream.connection, over.stream.exchange);
        let left = extract(&mut session.waiting, |waiting| match waiting.asker {
            Role::Client => deaf,
            Role::Server => (waiting.facts.connection, waiting.facts.exchange) == stream,
        });
        self.unanswered(left, over.end, Some(over.time));
        self.forget_if_over(key);
    }

    fn forget_if_over(&mut self, key: &SessionKey) {
        if self.known.peek(key).is_some_and(Session::is_over) {
            self.known.pop(key);
        }
    }

    /// Reports requests whose answers were not found.
    fn unanswered(
        &mut self,
        waiting: impl IntoIterator<Item = Waiting>,
        end: BodyEnd,
        time: Option<Timestamp>,
    ) {
        for Waiting { mut facts, .. } in waiting {
            self.waiting = self.waiting.saturating_sub(1);
            worsen(&mut facts, CaptureState::of_end(end));
            if facts.capture == CaptureState::Complete {
                facts.outcome = Outcome::Cancelled;
                facts.timing.end = facts.timing.end.max(time.unwrap_or_default());
            }
            self.report(*facts);
        }
    }

    fn report(&mut self, facts: CallFacts) {
        self.over.push(Call::captured(facts));
    }
}

impl Session {
    fn is_over(&self) -> bool {
        self.streams == 0 && self.waiting.is_empty()
    }
}

/// Takes out those that are `over`.
fn extract(
    waiting: &mut VecDeque<Waiting>,
    mut over: impl FnMut(&mut Waiting) -> bool,
) -> Vec<Waiting> {
    let mut out = Vec::new();
    for mut one in std::mem::take(waiting) {
        if over(&mut one) {
            out.push(one);
        } else {
            waiting.push_back(one);
        }
    }
    out
}

fn id_of(facts: &CallFacts) -> Option<&str> {
    facts.request.mcp.as_ref()?.id.as_deref()
}

fn settle(facts: &mut CallFacts, reply: Reply, time: Timestamp) {
    reply.settle(facts);
    facts.timing.end = time.max(facts.timing.start);
    facts.timing.first_byte = facts.timing.first_byte.or(Some(facts.timing.end));
}

fn worsen(facts: &mut CallFacts, capture: CaptureState) {
    facts.capture = facts.capture.max(capture);
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
