//! Writes a tape, line by line; where the lines go is the caller's business.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    VERSION,
    format::{HeaderLine, Line, ProcessLine},
};
use crate::{
    segment::{ConnectionId, FinalCounts, ProcessKey, Segment},
    time::Timestamp,
};

/// Turns what the capture side delivers into the lines of a tape, each with its line feed.
///
/// Processes and connections are numbered in the order in which they show up, so that two tapes of
/// the same run differ in times alone.
#[derive(Debug)]
pub struct Writer {
    start: Timestamp,
    processes: HashMap<ProcessKey, u64>,
    connections: HashMap<ConnectionId, u64>,
    /// Connections so far.
    count: u64,
}

impl Writer {
    /// A tape that begins at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            start,
            processes: HashMap::new(),
            connections: HashMap::new(),
            count: 0,
        }
    }

    /// The first line; `about` is for people, `masked` tells whether what was said is.
    pub fn header(&self, about: &str, masked: bool) -> String {
        line(&HeaderLine {
            tape: VERSION,
            about: about.to_owned(),
            start: Some(self.start.unix_nanos() / 1000),
            masked,
        })
    }

    /// Whether nothing of a process is on the tape yet.
    pub fn is_new(&self, process: ProcessKey) -> bool {
        !self.processes.contains_key(&process)
    }

    /// The line that tells who a process is.
    pub fn process(&mut self, key: ProcessKey, pid: u32, name: &str) -> String {
        line(&ProcessLine {
            process: self.process_number(key),
            pid,
            name: name.to_owned(),
        })
    }

    /// The line of a segment.
    pub fn segment(&mut self, segment: &Segment<'_>) -> String {
        let text = std::str::from_utf8(segment.bytes).ok();
        let number = match self.connections.get(&segment.connection) {
            Some(number) => *number,
            None => {
                self.count += 1;
                self.connections.insert(segment.connection, self.count);
                self.count
            }
        };
        line(&Line {
            direction: Some(segment.direction.into()),
            offset: Some(segment.offset),
            turn: Some(segment.turn),
            text: text.map(str::to_owned),
            base64: text
                .is_none()
                .then(|| BASE64_STANDARD.encode(segment.bytes)),
            ..self.at(segment.time, segment.connection, number)
        })
    }

    /// The line of a connection's end; `None` if nothing of it is on the tape.
    pub fn close(
        &mut self,
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    ) -> Option<String> {
        let number = self.connections.remove(&connection)?;
        Some(line(&Line {
            close: Some(counts.map(Into::into)),
            ..self.at(time, connection, number)
        }))
    }

    /// The line of a connection that goes on, but that nobody looks at any more; `None` if nothing
    /// of it is on the tape.
    pub fn leave(
        &mut self,
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    ) -> Option<String> {
        let number = self.connections.remove(&connection)?;
        Some(line(&Line {
            leave: Some(counts.map(Into::into)),
            ..self.at(time, connection, number)
        }))
    }

    fn process_number(&mut self, key: ProcessKey) -> u64 {
        let next = self.processes.len() as u64 + 1;
        *self.processes.entry(key).or_insert(next)
    }

    fn at(&mut self, time: Timestamp, connection: ConnectionId, number: u64) -> Line {
        let at = u64::try_from(time.since(self.start).as_micros()).unwrap_or(u64::MAX);
        Line {
            at,
            connection: [self.process_number(connection.process), number, 1],
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
