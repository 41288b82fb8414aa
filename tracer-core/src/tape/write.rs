//! Writes a tape, line by line; where the lines go is the caller's business.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    VERSION,
    format::{Header, Line, connection_to_wire},
};
use crate::{
    segment::{ConnectionId, FinalCounts, Segment},
    time::Timestamp,
};

/// Turns what the capture side delivers into the lines of a tape, each with its line feed.
#[derive(Debug)]
pub struct Writer {
    start: Timestamp,
}

impl Writer {
    /// A tape that begins at `start`.
    pub const fn new(start: Timestamp) -> Self {
        Self { start }
    }

    /// The first line; `about` is for people.
    pub fn header(&self, about: &str) -> String {
        line(&Header {
            tape: VERSION,
            about: about.to_owned(),
        })
    }

    /// The line of a segment.
    pub fn segment(&self, segment: &Segment<'_>) -> String {
        let text = std::str::from_utf8(segment.bytes).ok();
        line(&Line {
            direction: Some(segment.direction.into()),
            offset: Some(segment.offset),
            turn: Some(segment.turn),
            text: text.map(str::to_owned),
            base64: text
                .is_none()
                .then(|| BASE64_STANDARD.encode(segment.bytes)),
            ..self.at(segment.time, segment.connection)
        })
    }

    /// The line of a connection's end.
    pub fn close(
        &self,
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    ) -> String {
        line(&Line {
            close: Some(counts.map(Into::into)),
            ..self.at(time, connection)
        })
    }

    fn at(&self, time: Timestamp, connection: ConnectionId) -> Line {
        let at = u64::try_from(time.since(self.start).as_micros()).unwrap_or(u64::MAX);
        Line {
            at,
            connection: connection_to_wire(connection),
            ..Line::default()
        }
    }
}

fn line(value: &impl serde::Serialize) -> String {
    // These types hold strings and numbers only: there is nothing in them that JSON cannot say.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}
