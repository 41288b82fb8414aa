//! Reads a tape, line by line.

use std::{
    io::{self, BufRead, Read as _},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use thiserror::Error;

use super::{
    VERSION,
    entry::Entry,
    format::{HeaderLine, Line, ProcessLine, connection_from_wire},
};
use crate::{segment::ProcessKey, time::Timestamp};

/// Bytes of one line, at most: the largest segment with every byte escaped is far below.
const LINE_BYTES: usize = 16 << 20;

/// Why a tape cannot be read. Lines are counted from 1.
#[derive(Debug, Error)]
pub enum TapeError {
    /// It does not begin with a header.
    #[error("line 1 is no header of a tape: expected `{{\"tape\": {VERSION}}}`")]
    Header,
    /// It was written by another version.
    #[error(
        "the tape has version {0}, this program reads {VERSION}: replay it with the program that recorded it"
    )]
    Version(u32),
    /// The input cannot be read.
    #[error("line {line} cannot be read: {source}")]
    Read {
        /// Where.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// A line is too long to be one of a tape.
    #[error("line {0} is longer than {LINE_BYTES} bytes: this is no tape")]
    Length(usize),
    /// A line is not JSON of the expected form.
    #[error("line {line} is no entry of a tape: {source}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line is neither a segment nor an end.
    #[error("line {line} lacks `{missing}`")]
    Missing {
        /// Which.
        line: usize,
        /// The member.
        missing: &'static str,
    },
    /// Bytes that are not base64.
    #[error("line {line} has bytes that are not base64: {source}")]
    Base64 {
        /// Which.
        line: usize,
        /// What is wrong with them.
        source: base64::DecodeError,
    },
}

/// Reads the entries of a tape one by one, in bounded memory.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    about: String,
    masked: bool,
    start: Timestamp,
    /// The line at hand, and its number.
    line: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header. A tape that does not tell when it begins is taken to begin at `start`.
    ///
    /// # Errors
    /// If the input is no tape of this version.
    pub fn new(input: R, start: Timestamp) -> Result<Self, TapeError> {
        let mut reader = Self {
            input,
            about: String::new(),
            masked: false,
            start,
            line: Vec::new(),
            number: 0,
        };
        let header = reader
            .next_line()?
            .and_then(|line| serde_json::from_slice::<HeaderLine>(line).ok())
            .ok_or(TapeError::Header)?;
        if header.tape != VERSION {
            return Err(TapeError::Version(header.tape));
        }
        reader.about = header.about;
        reader.masked = header.masked;
        if let Some(micros) = header.start {
            reader.start = Timestamp::from_unix_nanos(micros.saturating_mul(1000));
        }
        Ok(reader)
    }

    /// What the tape says of itself.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Whether other texts stand in place of those that were said.
    pub const fn is_masked(&self) -> bool {
        self.masked
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, TapeError> {
        let start = self.start;
        loop {
            let number = self.number + 1;
            match self.next_line()? {
                None => return Ok(None),
                Some(line) if line.trim_ascii().is_empty() => {}
                Some(line) => return entry(line, number, start).map(Some),
            }
        }
    }

    fn next_line(&mut self) -> Result<Option<&[u8]>, TapeError> {
        self.number += 1;
        self.line.clear();
        let length = (&mut self.input)
            .take(LINE_BYTES as u64 + 1)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| TapeError::Read {
                line: self.number,
                source,
            })?;
        if length > LINE_BYTES {
            return Err(TapeError::Length(self.number));
        }
        Ok((length > 0).then_some(&self.line))
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Entry, TapeError>;

    /// Ends after the last line. After an error the rest of a tape is not worth reading.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().transpose()
    }
}

fn entry(line: &[u8], number: usize, start: Timestamp) -> Result<Entry, TapeError> {
    if let Ok(ProcessLine { process, pid, name }) = serde_json::from_slice(line) {
        return Ok(Entry::Process {
            key: ProcessKey(process),
            pid,
            name,
        });
    }
    let line: Line = serde_json::from_slice(line).map_err(|source| TapeError::Line {
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
    if let Some(counts) = line.leave {
        return Ok(Entry::Leave {
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
