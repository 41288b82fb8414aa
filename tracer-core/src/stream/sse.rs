//! Server-sent events: the stream format of the HTML standard, sections 9.2.5 and 9.2.6.
//!
//! An event that lies within one piece is read in one pass and reported without a copy; one that
//! does not is gathered as it came, up to [`Limits::event_bytes`].

mod fields;

use memchr::memchr2;

use self::fields::Fields;
use super::{event::Event, held::Held};
use crate::limits::Limits;

/// An incremental parser of one event stream. The data of its events are the values of the `data`
/// fields, joined by line feeds.
#[derive(Debug)]
pub struct Sse {
    /// The text of an event whose end has not come.
    held: Held,
    /// A line of it has begun and not ended.
    in_line: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    fields: Fields,
}

impl Sse {
    /// A parser at the beginning of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self {
            held: Held::new(limits.event_bytes),
            in_line: false,
            after_cr: false,
            fields: Fields::default(),
        }
    }

    /// Takes the next bytes and reports each event as soon as its blank line has begun: with the CR
    /// of that line, so as not to wait for an LF that may not come.
    pub fn feed(&mut self, mut bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        while !bytes.is_empty() {
            bytes = if self.held.is_idle() {
                self.read(bytes, on_event)
            } else {
                self.read_on(bytes, on_event)
            };
        }
    }

    /// Bytes of the stream were lost: drops the event they belonged to and goes on with the next.
    pub fn gap(&mut self) {
        self.held.skip();
        // Where the bytes behind the loss stand in their line is unknown, but a blank line is one.
        self.in_line = true;
        self.after_cr = false;
    }

    /// The event that was under way when the stream ended, if it had data. By the standard it is
    /// not an event: its blank line never came, and its last line may be cut.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        let left_out = self.held.skipped();
        let event = self.fields.read_cut(self.held.finish()?)?;
        Some(event.behind(left_out))
    }

    /// Events that were left out: too long, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        self.held.skipped()
    }

    /// Bytes held for the event under way, and kept for the ones to come.
    pub fn held(&self) -> usize {
        self.held.memory() + self.fields.memory()
    }

    /// Gives them back: the event under way is left out.
    pub fn shed(&mut self) {
        self.held.shed();
        self.fields.shed();
    }

    /// Reads the event at the beginning of `bytes`; returns what follows it.
    fn read<'a>(&mut self, bytes: &'a [u8], on_event: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
            return bytes.get(1..).unwrap_or_default();
        }
        let Some((length, lines)) = self.fields.read(bytes) else {
            let last = bytes.last();
            self.after_cr = last == Some(&b'\r');
            self.in_line = !matches!(last, Some(b'\r' | b'\n'));
            self.held.extend(bytes);
            return &[];
        };
        let (text, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        // The LF of a blank line of CR LF comes behind the event.
        let behind = usize::from(text.ends_with(b"\r\n"));
        if self.held.admits(length.saturating_sub(behind))
            && let Some(event) = self.fields.event(&lines)
        {
            on_event(event.behind(self.held.skipped()));
        }
        self.after_cr = text.last() == Some(&b'\r');
        rest
    }

    /// Reads on in an event whose beginning is held; returns what follows it.
    fn read_on<'a>(&mut self, bytes: &'a [u8], on_event: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        let Some(end) = self.find_end(bytes) else {
            self.held.extend(bytes);
            return &[];
        };
        let (text, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        let left_out = self.held.skipped();
        match self.held.complete(text) {
            Some(text) => {
                if let Some((_, lines)) = self.fields.read(text)
                    && let Some(event) = self.fields.event(&lines)
                {
                    on_event(event.behind(left_out));
                }
            }
            None => self.fields.skip(),
        }
        self.held.release();
        rest
    }

    /// The offset behind the blank line that ends the event under way.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let length = memchr2(b'\n', b'\r', rest);
            let line_end = length.and_then(|length| rest.get(length));
            let in_line = self.in_line || length != Some(0);
            let belongs_to_cr = self.after_cr && length == Some(0) && line_end == Some(&b'\n');
            self.after_cr = line_end == Some(&b'\r');
            self.in_line = in_line && line_end.is_none();
            at += length? + 1;
            if !in_line && !belongs_to_cr {
                return Some(at);
            }
        }
        None
    }
}

/// Any bytes in pieces of any size, with losses between them.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_sse(data: &[u8]) {
    super::fuzz::any_split(data, |limits| {
        super::framing::Framing::Sse(Sse::new(limits))
    });
}

#[cfg(test)]
mod tests;
