//! An exchange that is a call, or may be one.

use super::{
    builder::{BuilderContext, Built, CallBuilder},
    guess::Guess,
    recognise::recognise,
};
use crate::{
    http::{
        exchange::{BodyEnd, ExchangeEventKind, ExchangeId},
        head::RequestHead,
    },
    segment::ConnectionId,
    time::Timestamp,
};

/// An exchange while it goes on.
#[derive(Debug)]
pub(crate) enum Candidate {
    /// The head of its request was recognised.
    Call(Box<CallBuilder>),
    /// Its path is unknown.
    Guess(Box<Guess>),
}

impl Candidate {
    /// What the head of a request makes of its exchange; the head comes back if it is no call.
    pub(crate) fn new(
        connection: ConnectionId,
        exchange: ExchangeId,
        head: Box<RequestHead>,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) -> Result<Self, Box<RequestHead>> {
        if Guess::is_possible(&head) {
            let guess = Guess::new(connection, exchange, head, time);
            return Ok(Self::Guess(Box::new(guess)));
        }
        let Some(recognised) = recognise(&head, context.hosts) else {
            return Err(head);
        };
        let call = CallBuilder::new(connection, exchange, head, recognised, time, context);
        Ok(Self::Call(Box::new(call)))
    }

    /// To which exchange it belongs.
    pub(crate) fn exchange(&self) -> ExchangeId {
        match self {
            Self::Call(call) => call.exchange(),
            Self::Guess(guess) => guess.exchange,
        }
    }

    /// Takes an event of the exchange, except its first and its last.
    pub(crate) fn event(
        &mut self,
        kind: ExchangeEventKind<'_>,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) {
        match self {
            Self::Call(call) => call.event(kind, time),
            Self::Guess(guess) => {
                if let Some(call) = guess.event(kind, time, context) {
                    *self = Self::Call(Box::new(call));
                }
            }
        }
    }

    /// Bytes held of its bodies.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Call(call) => call.held(),
            Self::Guess(guess) => guess.held(),
        }
    }

    /// Gives them back: what came is read, the rest is only counted.
    pub(crate) fn shed(&mut self) {
        match self {
            Self::Call(call) => call.shed(),
            Self::Guess(guess) => guess.give_up(),
        }
    }

    /// The exchange is over.
    pub(crate) fn finish(self, end: BodyEnd, time: Timestamp) -> Built {
        match self {
            Self::Call(call) => call.finish(end, time),
            Self::Guess(_) => Built::Unconfirmed,
        }
    }
}
