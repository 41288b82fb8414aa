//! What differs between the APIs: the meaning of messages.

use std::fmt::Debug;

use super::turns::Turns;
use crate::{llm::call::RequestFacts, time::Timestamp};

/// The messages of one API. What it is given are JSON objects without their long strings.
pub(super) trait Dialect: Debug + Send {
    /// The client sent a message.
    fn sent(&mut self, message: &[u8], moment: Moment, turns: &mut Turns);

    /// The server sent a message.
    fn received(&mut self, message: &[u8], moment: Moment, turns: &mut Turns);

    /// What is known of a request before any message.
    fn defaults(&self) -> RequestFacts {
        RequestFacts::default()
    }

    /// The session is over: turns for what was asked and not answered.
    fn abandon(&mut self, turns: &mut Turns);
}

/// When a message passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Its first byte.
    pub(super) began: Timestamp,
    /// Its last byte.
    pub(super) ended: Timestamp,
}

/// A request that waits for its turn to begin.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) moment: Moment,
    pub(super) request: RequestFacts,
    /// The client's own id of the message.
    pub(super) event_id: Option<String>,
}

/// Requests that are kept while none is answered.
pub(super) const MAX_ASKED: usize = 16;
