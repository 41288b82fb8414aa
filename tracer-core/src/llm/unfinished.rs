//! Calls whose provider was still at work when it answered, and who fetch the rest by id.
//!
//! What a later answer says of the run belongs to the call that began it. Such a call waits as long as
//! its connection is open and somebody asks for the run now and then; else it is reported as it is, and
//! says that it was not over. Bias: towards reporting early, since a caller that is told by a webhook
//! never asks.

use std::{collections::VecDeque, time::Duration};

use super::call::{Call, CallFacts, Captured};
use crate::{segment::ConnectionId, time::Timestamp};

/// Calls that wait; beyond it the oldest is reported as it is.
const MAX_WAITING: usize = 256;
/// How long a call waits for somebody to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// The calls that wait.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    waiting: VecDeque<Waiting>,
    over: Vec<Call<Captured>>,
}

#[derive(Debug)]
struct Waiting {
    facts: Box<CallFacts>,
    /// When somebody last asked for it.
    asked: Timestamp,
}

impl Unfinished {
    /// A call began a run that is not over.
    pub(crate) fn begun(&mut self, call: Box<Call<Captured>>) {
        let facts = Box::new(call.into_facts());
        let asked = facts.timing.end;
        self.waiting.push_back(Waiting { facts, asked });
        if self.waiting.len() > MAX_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.report(oldest);
        }
    }

    /// Somebody asked how a run goes: this is what came back.
    pub(crate) fn asked(&mut self, call: Box<Call<Captured>>) {
        let told = call.into_facts();
        let at = self.waiting.iter().position(|waiting| {
            waiting.facts.connection.process == told.connection.process
                && waiting.facts.api == told.api
                && waiting.facts.response.id.is_some()
                && waiting.facts.response.id == told.response.id
        });
        let Some(at) = at else { return };
        if told.response.is_pending {
            if let Some(waiting) = self.waiting.get_mut(at) {
                waiting.asked = told.timing.end;
            }
        } else if let Some(mut waiting) = self.waiting.remove(at) {
            finish(&mut waiting.facts, told);
            self.report(waiting);
        }
    }

    /// A connection is over: nobody asks on it any more.
    pub(crate) fn closed(&mut self, connection: ConnectionId) {
        self.leave(|waiting| waiting.facts.connection == connection);
    }

    /// Reports calls for which nobody asked for a while.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.leave(|waiting| now.since(waiting.asked) >= PATIENCE);
    }

    /// The calls that are over.
    pub(crate) fn take_over(&mut self) -> Vec<Call<Captured>> {
        std::mem::take(&mut self.over)
    }

    fn leave(&mut self, leaves: impl Fn(&Waiting) -> bool) {
        if !self.waiting.iter().any(&leaves) {
            return;
        }
        for waiting in std::mem::take(&mut self.waiting) {
            if leaves(&waiting) {
                self.report(waiting);
            } else {
                self.waiting.push_back(waiting);
            }
        }
    }

    fn report(&mut self, waiting: Waiting) {
        self.over.push(Call::captured(*waiting.facts));
    }
}

/// The run is over, as another exchange told.
fn finish(facts: &mut CallFacts, told: CallFacts) {
    facts.response.is_pending = false;
    facts.response.finish_reasons = told.response.finish_reasons;
    if told.response.model.is_some() {
        facts.response.model = told.response.model;
    }
    facts.usage = told.usage;
    facts.outcome = told.outcome;
    facts.capture = facts.capture.max(told.capture);
    facts.timing.end = told.timing.end.max(facts.timing.start);
}
