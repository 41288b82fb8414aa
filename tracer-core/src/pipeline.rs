//! Segments in, calls and verdicts out. Owns every connection's state.
//!
//! ```text
//! segment / close / advance  ->  Pipeline  ->  poll: Verdict | Call | LostExchanges
//! ```

use crate::{
    llm::call::{Call, Captured},
    segment::{ConnectionId, FinalCounts, Segment},
    time::Timestamp,
    verdict::Verdict,
};

/// What the pipeline has to say.
#[derive(Debug)]
pub enum Output {
    /// Tell the kernel how to treat a connection.
    Verdict(ConnectionId, Verdict),
    /// A call is over.
    Call(Box<Call<Captured>>),
    /// Exchanges of an LLM connection that were lost whole: made, but never reported.
    LostExchanges(ConnectionId, u32),
}

/// The whole core behind one door; a deterministic state machine.
#[derive(Debug, Default)]
pub struct Pipeline {}

impl Pipeline {
    /// Takes one segment. Never fails: bad input becomes an event or a counter.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        let _ = segment;
    }

    /// The connection is over (TLS object freed or reused, process gone).
    pub fn close(&mut self, connection: ConnectionId, time: Timestamp, counts: Option<FinalCounts>) {
        let _ = (connection, time, counts);
    }

    /// Lets time pass: gives up what has been silent for too long. Call about once a second.
    pub fn advance(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// The next thing to do for the caller, until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
}
