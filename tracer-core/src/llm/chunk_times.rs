//! When the chunks of a stream came.

use super::call::Timing;
use crate::time::Timestamp;

/// Times of the chunks that carried output.
#[derive(Debug, Default)]
pub(super) struct ChunkTimes {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) count: u64,
    /// See [`Timing::chunk_gaps`].
    pub(super) gaps: Vec<u32>,
}

impl ChunkTimes {
    /// A chunk came at `time`.
    pub(super) fn record(&mut self, time: Timestamp) {
        match self.last {
            None => self.first = Some(time),
            Some(last) if self.gaps.len() < Timing::MAX_CHUNK_GAPS => {
                self.gaps
                    .push(u32::try_from(time.since(last).as_micros()).unwrap_or(u32::MAX));
            }
            Some(_) => {}
        }
        self.last = Some(time);
        self.count += 1;
    }
}
