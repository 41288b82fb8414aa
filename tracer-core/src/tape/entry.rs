//! What stands on a tape.

use crate::{
    pipeline::Pipeline,
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    time::Timestamp,
};

/// One thing that the capture side delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Who a process is.
    Process {
        /// Its number on the tape.
        key: ProcessKey,
        /// Its process id when the tape was recorded.
        pid: u32,
        /// Its short name: script or binary.
        name: String,
    },
    /// A segment.
    #[expect(missing_docs, reason = "the fields of `Segment`")]
    Segment {
        connection: ConnectionId,
        direction: Direction,
        offset: u64,
        time: Timestamp,
        turn: u32,
        bytes: Vec<u8>,
    },
    /// The end of a connection.
    #[expect(missing_docs, reason = "the parameters of `Pipeline::close`")]
    Close {
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    },
    /// The recording ended before the connection.
    #[expect(missing_docs, reason = "the parameters of `Pipeline::give_up`")]
    Leave {
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    },
}

impl Entry {
    /// Gives it to a pipeline, as the capture side did.
    pub fn play(&self, pipeline: &mut Pipeline) {
        if let Some(segment) = self.segment() {
            pipeline.segment(&segment);
        }
        match self {
            Self::Process { .. } | Self::Segment { .. } => {}
            Self::Close {
                connection,
                time,
                counts,
            } => pipeline.close(*connection, *time, *counts),
            Self::Leave {
                connection, counts, ..
            } => pipeline.give_up(*connection, *counts),
        }
    }

    /// The segment, if it is one.
    pub fn segment(&self) -> Option<Segment<'_>> {
        match self {
            Self::Segment {
                connection,
                direction,
                offset,
                time,
                turn,
                bytes,
            } => Some(Segment {
                connection: *connection,
                direction: *direction,
                offset: *offset,
                time: *time,
                turn: *turn,
                bytes,
            }),
            Self::Process { .. } | Self::Close { .. } | Self::Leave { .. } => None,
        }
    }

    /// When it was delivered, if that matters.
    pub const fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Process { .. } => None,
            Self::Segment { time, .. } | Self::Close { time, .. } | Self::Leave { time, .. } => {
                Some(*time)
            }
        }
    }
}

impl From<&Segment<'_>> for Entry {
    fn from(segment: &Segment<'_>) -> Self {
        Self::Segment {
            connection: segment.connection,
            direction: segment.direction,
            offset: segment.offset,
            time: segment.time,
            turn: segment.turn,
            bytes: segment.bytes.to_vec(),
        }
    }
}
