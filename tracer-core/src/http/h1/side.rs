//! One direction of a connection.

use crate::{
    http::{
        body::LastChunkSearch,
        exchange::BodyEnd,
        h1::{head::HeadReader, message::MessageBody},
    },
    segment::Arrival,
};

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) state: State,
    pub(super) heads: HeadReader,
    pub(super) turn: Option<u32>,
    /// The first bytes of a turn, while they are too few to tell whether they begin a head.
    pub(super) undecided: Option<(Arrival, Vec<u8>)>,
}

/// What comes next in a direction.
#[derive(Debug, Default)]
pub(super) enum State {
    /// A head.
    #[default]
    Head,
    /// More of a body.
    Body(MessageBody),
    /// Unknown. In the chunks of a response its end may still be found.
    Adrift(Option<LastChunkSearch>),
}

impl Side {
    /// What comes next is unknown, but for the end of a chunked body if that is looked for.
    pub(super) fn drift(&mut self, search: Option<LastChunkSearch>) {
        self.state = State::Adrift(search);
        self.heads.clear();
        self.undecided = None;
    }

    /// A head comes next.
    pub(super) fn restart(&mut self) {
        self.state = State::Head;
        self.heads.clear();
    }

    /// Bytes held for what is under way.
    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Body(body) => body.held(),
            State::Head | State::Adrift(_) => self.heads.held(),
        }
    }

    /// Gives them back.
    pub(super) fn shed(&mut self) {
        if let State::Body(body) = &mut self.state {
            body.shed();
        } else if self.held() > 0 {
            self.drift(None);
        }
    }

    /// How a body under way ends if its rest will never be seen.
    pub(super) fn unseen(&self) -> BodyEnd {
        match &self.state {
            State::Body(body) => body.unseen(),
            State::Head | State::Adrift(_) => BodyEnd::Gap { missing: 0 },
        }
    }

    /// How a body under way ends if nobody looks at its rest: as `end`, unless some of it was lost.
    pub(super) fn given_up(&self, end: BodyEnd) -> BodyEnd {
        match &self.state {
            State::Body(body) => body.given_up(end),
            State::Head => end,
            State::Adrift(_) => BodyEnd::Gap { missing: 0 },
        }
    }
}
