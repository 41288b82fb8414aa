//! An exchange that is a call, or may be one.

use super::{
    builder::{BuilderContext, Built, CallBuilder},
    guess::Guess,
    mcp::{Listening, News},
    origin::Origin,
    recognise::recognise_as,
};
use crate::{
    correlate::Asking,
    detect::Role,
    http::{
        exchange::{BodyEnd, ExchangeEventKind, ExchangeId},
        head::RequestHead,
    },
    time::Timestamp,
};

/// An exchange while it goes on.
#[derive(Debug)]
pub(crate) enum Candidate {
    /// The head of its request was recognised.
    Call(Box<CallBuilder>),
    /// Its path is unknown.
    Guess(Box<Guess>),
    /// A stream on which a server may speak on its own.
    Listening(Box<Listening>),
}

impl Candidate {
    /// What the head of a request makes of its exchange; the head comes back if it is no call.
    pub(crate) fn new(
        origin: Origin,
        head: Box<RequestHead>,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) -> Result<Self, Box<RequestHead>> {
        if origin.role == Role::Client && Guess::is_possible(&head) {
            let guess = Guess::new(origin, head, time);
            return Ok(Self::Guess(Box::new(guess)));
        }
        let Some(recognised) = recognise_as(origin.role, &head, context.hosts) else {
            let (limits, hosts) = (&context.limits, context.hosts);
            let stream = Listening::of_request(origin, head, limits, hosts)?;
            return Ok(Self::Listening(Box::new(stream)));
        };
        let call = CallBuilder::new(origin, head, recognised, time, context);
        Ok(Self::Call(Box::new(call)))
    }

    /// To which exchange it belongs.
    pub(crate) fn exchange(&self) -> ExchangeId {
        match self {
            Self::Call(call) => call.exchange(),
            Self::Guess(guess) => guess.exchange(),
            Self::Listening(stream) => stream.exchange(),
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
            Self::Listening(stream) => stream.event(kind, time),
            Self::Guess(guess) => {
                if let Some(call) = guess.event(kind, time, context) {
                    *self = Self::Call(Box::new(call));
                }
            }
        }
    }

    /// The digest of its request, once all of that was seen.
    pub(crate) fn digest(&self) -> Option<u64> {
        match self {
            Self::Call(call) => call.digest(),
            Self::Guess(_) | Self::Listening(_) => None,
        }
    }

    /// What its relations to others depend on, once its request was seen.
    pub(crate) fn asking(&self) -> Option<Asking<'_>> {
        match self {
            Self::Call(call) => call.asking(),
            Self::Guess(_) | Self::Listening(_) => None,
        }
    }

    /// Bytes held of its bodies.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Call(call) => call.held(),
            Self::Guess(guess) => guess.held(),
            Self::Listening(stream) => stream.held(),
        }
    }

    /// Gives them back: what came is read, the rest is only counted.
    pub(crate) fn shed(&mut self) {
        match self {
            Self::Call(call) => call.shed(),
            Self::Guess(guess) => guess.give_up(),
            Self::Listening(stream) => stream.shed(),
        }
    }

    /// What it told of its session since the last time.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        match self {
            Self::Call(call) => call.take_news(),
            Self::Guess(_) => Vec::new(),
            Self::Listening(stream) => stream.take_news(),
        }
    }

    /// What its end means for its session, beside what it comes to.
    pub(crate) fn last_news(&self, end: BodyEnd, time: Timestamp) -> Option<News> {
        match self {
            Self::Call(call) => call.last_news(end, time),
            Self::Guess(_) | Self::Listening(_) => None,
        }
    }

    /// It turned out to be nothing, before its end.
    pub(crate) fn is_refuted(&self) -> bool {
        matches!(self, Self::Listening(stream) if stream.is_refuted())
    }

    /// The exchange is over.
    pub(crate) fn finish(self, end: BodyEnd, time: Timestamp) -> Built {
        match self {
            Self::Call(call) => call.finish(end, time),
            Self::Guess(_) => Built::Unconfirmed,
            Self::Listening(mut stream) => match stream.end(end, time) {
                Some(news) => Built::News(news),
                None if stream.is_certain() => Built::Silent,
                None => Built::Unconfirmed,
            },
        }
    }
}
