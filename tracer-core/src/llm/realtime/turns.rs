//! The turns of a session.

use crate::{
    llm::{
        answer::Answer,
        call::{CaptureState, Outcome, RequestFacts},
        chunk_times::ChunkTimes,
    },
    time::Timestamp,
};

use super::dialect::Moment;

/// Turns that may be open at once; the oldest is reported as it is when another begins.
const MAX_OPEN: usize = 16;

/// One answer of the model while it comes in.
#[derive(Debug)]
pub(super) struct Turn {
    /// What the messages call it, if there can be several at a time.
    pub(super) key: Option<String>,
    pub(super) request: RequestFacts,
    /// When it was asked for.
    pub(super) start: Timestamp,
    pub(super) request_end: Option<Timestamp>,
    pub(super) first_byte: Option<Timestamp>,
    pub(super) last_byte: Timestamp,
    pub(super) answer: Answer,
    pub(super) times: ChunkTimes,
    pub(super) capture: CaptureState,
    /// It was broken off.
    pub(super) cancelled: bool,
}

impl Turn {
    /// A turn that was asked for by a message.
    pub(super) fn asked(moment: Moment, request: RequestFacts) -> Self {
        Self {
            request_end: Some(moment.ended),
            ..Self::begun(moment.began, request)
        }
    }

    /// A turn that began at `start` without being asked for.
    pub(super) fn begun(start: Timestamp, request: RequestFacts) -> Self {
        Self {
            key: None,
            request,
            start,
            request_end: None,
            first_byte: None,
            last_byte: start,
            answer: Answer::default(),
            times: ChunkTimes::default(),
            capture: CaptureState::Complete,
            cancelled: false,
        }
    }

    /// A message of it came.
    pub(super) fn came(&mut self, moment: Moment) {
        self.first_byte.get_or_insert(moment.began);
        self.last_byte = moment.ended;
    }

    /// How it went.
    pub(super) fn outcome(&mut self) -> Outcome {
        match self.answer.error.take() {
            Some(error_type) => Outcome::Failed { error_type },
            None if self.cancelled => Outcome::Cancelled,
            None => Outcome::Success,
        }
    }
}

/// The turns that are under way, and those that are over and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Turns {
    open: Vec<Turn>,
    over: Vec<Turn>,
}

impl Turns {
    /// A turn begins. Those that messages were lost of have ended with these, as far as can be told.
    pub(super) fn begin(&mut self, turn: Turn) -> &mut Turn {
        let full = self.open.len() >= MAX_OPEN;
        let mut number = 0;
        let over = self.open.extract_if(.., |turn| {
            number += 1;
            turn.capture != CaptureState::Complete || (full && number == 1)
        });
        self.over.extend(over);
        self.open.push_mut(turn)
    }

    /// The turn that messages call `key`, or the oldest if they call it nothing.
    pub(super) fn find(&mut self, key: Option<&str>) -> Option<&mut Turn> {
        self.open
            .iter_mut()
            .find(|turn| key.is_none() || turn.key.as_deref() == key)
    }

    /// Ends that turn.
    pub(super) fn end(&mut self, key: Option<&str>) {
        let at = self
            .open
            .iter()
            .position(|turn| key.is_none() || turn.key.as_deref() == key);
        if let Some(at) = at {
            self.over.push(self.open.remove(at));
        }
    }

    /// Messages could not be read: nobody knows of which turn.
    pub(super) fn worsen(&mut self, capture: CaptureState) {
        for turn in &mut self.open {
            turn.capture = turn.capture.max(capture);
        }
    }

    /// Ends all turns: the session is over.
    pub(super) fn end_all(&mut self, mut how: impl FnMut(&mut Turn)) {
        for mut turn in self.open.drain(..) {
            how(&mut turn);
            self.over.push(turn);
        }
    }

    /// Some turn is under way.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The turns that are over.
    pub(super) fn take_over(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.over)
    }
}
