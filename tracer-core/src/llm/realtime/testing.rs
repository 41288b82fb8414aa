//! A conversation for the tests of dialects.

use super::{
    dialect::{Dialect, Moment},
    turns::{Turn, Turns},
};
use crate::time::Timestamp;

/// A session in which a message passes every millisecond, from 1 on, and takes none itself.
#[derive(Debug)]
pub(super) struct Talk<D> {
    pub(super) dialect: D,
    turns: Turns,
    now: u64,
}

impl<D: Dialect> Talk<D> {
    pub(super) fn new(dialect: D) -> Self {
        Self {
            dialect,
            turns: Turns::default(),
            now: 0,
        }
    }

    pub(super) fn sent(&mut self, message: &str) -> &mut Self {
        let moment = self.moment();
        self.dialect
            .sent(message.as_bytes(), moment, &mut self.turns);
        self
    }

    pub(super) fn received(&mut self, message: &str) -> &mut Self {
        let moment = self.moment();
        self.dialect
            .received(message.as_bytes(), moment, &mut self.turns);
        self
    }

    /// The turns that are over.
    pub(super) fn over(&mut self) -> Vec<Turn> {
        self.turns.take_over()
    }

    /// The session ends: the turns that were open.
    pub(super) fn close(&mut self) -> Vec<Turn> {
        self.dialect.abandon(&mut self.turns);
        self.turns.end_all(|_| {});
        self.turns.take_over()
    }

    fn moment(&mut self) -> Moment {
        self.now += 1;
        Moment {
            began: at(self.now),
            ended: at(self.now),
        }
    }
}

/// The time of the message of this number.
pub(super) fn at(number: u64) -> Timestamp {
    Timestamp::from_unix_nanos(number * 1_000_000)
}

/// What a turn's answer comes to.
pub(super) fn facts(turn: Turn) -> crate::llm::call::ResponseFacts {
    let mut facts = crate::llm::call::ResponseFacts::default();
    turn.answer.fill(&mut facts);
    facts
}
