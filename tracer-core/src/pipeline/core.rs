//! The pipeline's door.

use std::collections::VecDeque;

use super::{config::PipelineConfig, stats::Stats};
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
#[derive(Debug)]
pub struct Pipeline {
    config: PipelineConfig,
    outputs: VecDeque<Output>,
    stats: Stats,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new(PipelineConfig::default())
    }
}

impl Pipeline {
    /// A pipeline that has seen nothing.
    pub fn new(config: PipelineConfig) -> Self {
        Self { config, outputs: VecDeque::new(), stats: Stats::default() }
    }

    /// Takes one segment. Never fails: bad input becomes an event or a counter.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        let _ = (segment, &self.config);
    }

    /// The connection is over (TLS object freed or reused, process gone).
    pub fn close(&mut self, connection: ConnectionId, time: Timestamp, counts: Option<FinalCounts>) {
        let _ = (connection, time, counts);
    }

    /// Lets time pass: gives up what has been silent for too long. Call about once a second.
    pub fn advance(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// The next thing to do for the caller, until `None`; in the order in which they came up.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What was seen so far.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }
}
