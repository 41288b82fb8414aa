//! Reads a tape and plays it.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use thiserror::Error;

use super::{
    VERSION,
    format::{Header, Line, connection_from_wire},
};
use crate::{
    pipeline::Pipeline,
    segment::{ConnectionId, Direction, FinalCounts, Segment},
    time::Timestamp,
};

/// One thing that the capture side delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
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
}

/// Why a tape cannot be read.
#[derive(Debug, Error)]
pub enum TapeError {
    /// It does not begin with a header.
    #[error("line 1 is no header of a tape: expected `{{\"tape\": {VERSION}}}`")]
    Header,
    /// It was written by another version.
    #[error("the tape has version {0}, this program reads {VERSION}: record it again")]
    Version(u32),
    /// A line is not JSON of the expected form.
    #[error("line {line} is no entry of a tape: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line is neither a segment nor an end.
    #[error("line {line} lacks `{missing}`")]
    Missing {
        /// Counted from 1.
        line: usize,
        /// The member.
        missing: &'static str,
    },
    /// Bytes that are not base64.
    #[error("line {line} has bytes that are not base64: {source}")]
    Base64 {
        /// Counted from 1.
        line: usize,
        /// What is wrong with them.
        source: base64::DecodeError,
    },
}

/// Reads a tape that is taken to begin at `start`. Empty lines do not count.
pub fn read(tape: &str, start: Timestamp) -> Result<Vec<Entry>, TapeError> {
    let mut lines = tape.lines().enumerate();
    let header = lines
        .next()
        .and_then(|(_, line)| serde_json::from_str::<Header>(line).ok())
        .ok_or(TapeError::Header)?;
    if header.tape != VERSION {
        return Err(TapeError::Version(header.tape));
    }
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| entry(line, at + 1, start))
        .collect()
}

fn entry(text: &str, number: usize, start: Timestamp) -> Result<Entry, TapeError> {
    let line: Line = serde_json::from_str(text).map_err(|source| TapeError::Line {
        line: number,
        source,
    })?;
    let connection = connection_from_wire(line.connection);
    let time = start.after(Duration::from_micros(line.at));
    if let Some(counts) = line.close {
        return Ok(Entry::Close {
            connection,
            time,
            counts: counts.map(Into::into),
        });
    }
    let missing = |missing| TapeError::Missing {
        line: number,
        missing,
    };
    let bytes = match (line.text, line.base64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(encoded)) => {
            BASE64_STANDARD
                .decode(encoded)
                .map_err(|source| TapeError::Base64 {
                    line: number,
                    source,
                })?
        }
        (None, None) => return Err(missing("text")),
    };
    Ok(Entry::Segment {
        connection,
        direction: line.direction.ok_or_else(|| missing("direction"))?.into(),
        offset: line.offset.ok_or_else(|| missing("offset"))?,
        time,
        turn: line.turn.ok_or_else(|| missing("turn"))?,
        bytes,
    })
}

/// Plays entries into a pipeline.
pub fn replay(entries: &[Entry], pipeline: &mut Pipeline) {
    for entry in entries {
        match entry {
            Entry::Segment {
                connection,
                direction,
                offset,
                time,
                turn,
                bytes,
            } => {
                pipeline.segment(&Segment {
                    connection: *connection,
                    direction: *direction,
                    offset: *offset,
                    time: *time,
                    turn: *turn,
                    bytes,
                });
            }
            Entry::Close {
                connection,
                time,
                counts,
            } => pipeline.close(*connection, *time, *counts),
        }
    }
}
