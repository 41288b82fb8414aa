//! Server-sent events: the stream format of the HTML standard, section 9.2.6.

use crate::limits::Limits;

/// One event, as of its blank line. Bytes are as sent: UTF-8 unless the peer is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Value of its last `event` field; empty means `message`.
    pub event: &'a [u8],
    /// Values of its `data` fields, joined by line feeds.
    pub data: &'a [u8],
    /// The last event id of the stream, empty if none was set.
    pub id: &'a [u8],
}

/// An incremental parser of one event stream.
#[derive(Debug)]
pub struct Sse {
    event_bytes: usize,
    skipped: u64,
}

impl Sse {
    /// A parser at the beginning of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self { event_bytes: limits.event_bytes, skipped: 0 }
    }

    /// Takes the next bytes and reports each event as soon as its blank line has begun.
    pub fn feed(&mut self, bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        let _ = (bytes, on_event, self.event_bytes);
    }

    /// Bytes of the stream were lost: drops the event they belonged to and goes on with the next.
    pub fn gap(&mut self) {
        self.skipped += 1;
    }

    /// The event that was under way when the stream ended, if it had data. By the standard it is
    /// not an event: its blank line never came.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        None
    }

    /// Events that were left out: too long, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}
