//! Server-sent events: the stream format of the HTML standard, sections 9.2.5 and 9.2.6.
//!
//! An event that lies within one piece is reported without a copy; one that does not is gathered
//! as it came, up to [`Limits::event_bytes`].

use memchr::{memchr, memchr2};

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
    end: EndFinder,
    /// The text of an event whose end has not come.
    held: Vec<u8>,
    /// The event under way is too long or was hit by a loss.
    skipping: bool,
    skipped: u64,
    fields: Fields,
    event_bytes: usize,
}

/// Memory that is given back when a long event is over.
const KEPT_BYTES: usize = 16 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Sse {
    /// A parser at the beginning of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self {
            end: EndFinder::default(),
            held: Vec::new(),
            skipping: false,
            skipped: 0,
            fields: Fields {
                at_start: true,
                ..Fields::default()
            },
            event_bytes: limits.event_bytes,
        }
    }

    /// Takes the next bytes and reports each event as soon as its blank line has begun.
    pub fn feed(&mut self, mut bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        loop {
            bytes = bytes
                .get(self.end.line_feed_of_last_event(bytes)..)
                .unwrap_or_default();
            let Some(end) = self.end.find(bytes) else {
                return self.hold(bytes);
            };
            let (text, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            self.dispatch(text, on_event);
            bytes = rest;
        }
    }

    /// Bytes of the stream were lost: drops the event they belonged to and goes on with the next.
    pub fn gap(&mut self) {
        self.held = Vec::new();
        self.skipping = true;
        // Where the bytes behind the loss stand in their line is unknown, but a blank line is one.
        self.end = EndFinder {
            in_line: true,
            ..EndFinder::default()
        };
    }

    /// The event that was under way when the stream ended, if it had data. By the standard it is
    /// not an event: its blank line never came, and its last line may be cut.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        if std::mem::take(&mut self.skipping) {
            return None;
        }
        self.fields.parse(&self.held)
    }

    /// Events that were left out: too long, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes held for the event under way, and kept for the ones to come.
    pub fn held(&self) -> usize {
        self.held.capacity() + self.fields.joined.capacity() + self.fields.last_id.capacity()
    }

    /// Gives them back: the event under way is left out.
    pub fn shed(&mut self) {
        self.skipping |= !self.held.is_empty();
        self.held = Vec::new();
        self.fields.joined = Vec::new();
        self.fields.last_id = Vec::new();
    }

    /// Keeps the beginning of an event for the pieces to come.
    fn hold(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        if self.held.len().saturating_add(bytes.len()) > self.event_bytes {
            self.skipping = true;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(bytes);
        }
    }

    /// An event ends with `text`.
    fn dispatch(&mut self, text: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        if !self.held.is_empty() {
            self.hold(text);
        } else if text.len() > self.event_bytes {
            self.skipping = true;
        }
        if std::mem::take(&mut self.skipping) {
            self.fields.at_start = false;
            self.skipped += 1;
            return;
        }
        let event = self.fields.parse(if self.held.is_empty() {
            text
        } else {
            &self.held
        });
        if let Some(event) = event {
            on_event(event);
        }
        self.held.clear();
        self.held.shrink_to(KEPT_BYTES);
        self.fields.joined.shrink_to(KEPT_BYTES);
    }
}

/// Finds the blank line that ends an event. Lines end with CR LF, LF or CR.
#[derive(Debug, Default)]
struct EndFinder {
    /// The line has begun.
    in_line: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
}

impl EndFinder {
    /// An event ends with the CR of its blank line, so as not to wait for an LF that may not come.
    /// Returns the length of that LF, 1 or 0, if `bytes` begin the next event.
    fn line_feed_of_last_event(&mut self, bytes: &[u8]) -> usize {
        let is_line_feed = self.after_cr && !self.in_line && bytes.first() == Some(&b'\n');
        if is_line_feed {
            self.after_cr = false;
        }
        usize::from(is_line_feed)
    }

    /// The offset behind the blank line.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
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

/// The fields of the event under way, and what lasts for the stream.
#[derive(Debug, Default)]
struct Fields {
    /// A byte order mark may come.
    at_start: bool,
    /// Data of more than one line.
    joined: Vec<u8>,
    last_id: Vec<u8>,
}

impl Fields {
    /// Reads the text of one event; `None` if it has no data.
    fn parse<'a>(&'a mut self, mut text: &'a [u8]) -> Option<Event<'a>> {
        if std::mem::take(&mut self.at_start) {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        let mut event: &[u8] = &[];
        let mut data = None;
        let mut lines = 0;
        while let Some(line) = next_line(&mut text) {
            let (name, value) = field(line);
            match name {
                b"data" => {
                    // The first line is only copied if there is a second.
                    match (lines, data) {
                        (1, Some(first)) => {
                            self.joined.clear();
                            self.joined.extend_from_slice(first);
                            self.append(value);
                        }
                        (0, _) => data = Some(value),
                        _ => self.append(value),
                    }
                    lines += 1;
                }
                b"event" => event = value,
                b"id" if memchr(0, value).is_none() => {
                    self.last_id.clear();
                    self.last_id.extend_from_slice(value);
                }
                // A time to wait before reconnecting, a comment, or nothing known.
                _ => {}
            }
        }
        let data = if lines > 1 { &self.joined } else { data? };
        Some(Event {
            event,
            data,
            id: &self.last_id,
        })
    }

    fn append(&mut self, line: &[u8]) {
        self.joined.push(b'\n');
        self.joined.extend_from_slice(line);
    }
}

/// Takes a line and its end off `text`.
fn next_line<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    if text.is_empty() {
        return None;
    }
    let length = memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    let (line, rest) = text.split_at(length);
    *text = match rest {
        [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
        [] => rest,
    };
    Some(line)
}

/// Name and value of a field; the name of a comment is empty.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = memchr(b':', line).unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or(value);
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

/// Any bytes in pieces of any size, with losses between them.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_sse(data: &[u8]) {
    let limits = Limits {
        event_bytes: 256,
        ..Limits::default()
    };
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let size = usize::from(*size % 64) + 1;

    let mut whole = Vec::new();
    let mut parser = Sse::new(&limits);
    parser.feed(stream, &mut |event| {
        whole.push((event.event.to_vec(), event.data.to_vec(), event.id.to_vec()))
    });
    let mut pieces = Vec::new();
    let mut split = Sse::new(&limits);
    for piece in stream.chunks(size) {
        split.feed(piece, &mut |event| {
            pieces.push((event.event.to_vec(), event.data.to_vec(), event.id.to_vec()))
        });
    }
    assert_eq!(whole, pieces);
    assert_eq!(parser.skipped(), split.skipped());
    assert_eq!(parser.finish(), split.finish());

    let mut lossy = Sse::new(&limits);
    for piece in stream.chunks(size).step_by(2) {
        lossy.feed(piece, &mut |_| {});
        lossy.gap();
    }
}

#[cfg(test)]
mod tests;
