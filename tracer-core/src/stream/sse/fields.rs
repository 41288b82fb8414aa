//! The lines of one event.

use memchr::{memchr, memchr2};

use crate::{buffer, stream::event::Event};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads events, and keeps what lasts for the stream.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// The first event is over: no byte order mark may come any more.
    started: bool,
    /// Data of more than one line.
    joined: Vec<u8>,
    last_id: Vec<u8>,
}

/// What the lines of an event gave so far.
#[derive(Default)]
pub(super) struct Lines<'a> {
    event: &'a [u8],
    /// The first line of data.
    data: &'a [u8],
    data_lines: usize,
    id: Option<&'a [u8]>,
}

impl Fields {
    /// Reads the event that `text` begins with: its length with the blank line, and its lines. `None`
    /// if there is no blank line.
    pub(super) fn read<'a>(&mut self, text: &'a [u8]) -> Option<(usize, Lines<'a>)> {
        let start = self.begin(text);
        let mut lines = Lines::default();
        let mut at = start;
        loop {
            let rest = text.get(at..)?;
            let (line, rest) = rest.split_at_checked(memchr2(b'\n', b'\r', rest)?)?;
            let first = at == start;
            at += line.len() + if rest.starts_with(b"\r\n") { 2 } else { 1 };
            if !line.is_empty() {
                lines.add(line, &mut self.joined);
            } else if !(first && start > 0) {
                // A blank line behind the byte order mark ends nothing.
                break;
            }
        }
        self.started = true;
        Some((at, lines))
    }

    /// Reads an event that broke off.
    pub(super) fn read_cut<'a>(&'a mut self, text: &'a [u8]) -> Option<Event<'a>> {
        let start = self.begin(text);
        let mut lines = Lines::default();
        for line in text
            .get(start..)?
            .split(|byte| matches!(byte, b'\r' | b'\n'))
        {
            lines.add(line, &mut self.joined);
        }
        self.event(&lines)
    }

    /// Memory that is held.
    pub(super) const fn memory(&self) -> usize {
        self.joined.capacity() + self.last_id.capacity()
    }

    /// Gives it back.
    pub(super) fn shed(&mut self) {
        self.joined = Vec::new();
        self.last_id = Vec::new();
    }

    /// An event was left out.
    pub(super) fn skip(&mut self) {
        self.started = true;
    }

    /// The offset of the first line.
    fn begin(&mut self, text: &[u8]) -> usize {
        buffer::empty(&mut self.joined);
        if !self.started && text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        }
    }

    /// What the lines that were read last say, if they have data.
    pub(super) fn event<'a>(&'a mut self, lines: &Lines<'a>) -> Option<Event<'a>> {
        if let Some(id) = lines.id {
            self.last_id.clear();
            self.last_id.extend_from_slice(id);
        }
        Some(Event {
            event: lines.event,
            data: match lines.data_lines {
                0 => return None,
                1 => lines.data,
                _ => &self.joined,
            },
            id: &self.last_id,
            ..Event::default()
        })
    }
}

impl<'a> Lines<'a> {
    fn add(&mut self, line: &'a [u8], joined: &mut Vec<u8>) {
        // Nearly all lines are of these two.
        if let Some(value) = line.strip_prefix(b"data:") {
            return self.add_data(unspaced(value), joined);
        }
        if let Some(value) = line.strip_prefix(b"event:") {
            self.event = unspaced(value);
            return;
        }
        let (name, value) = field(line);
        match name {
            b"data" => self.add_data(value, joined),
            b"event" => self.event = value,
            b"id" if memchr(0, value).is_none() => self.id = Some(value),
            // A time to wait before reconnecting, a comment, or nothing known.
            _ => {}
        }
    }

    fn add_data(&mut self, value: &'a [u8], joined: &mut Vec<u8>) {
        // The first line is only copied if there is a second.
        match self.data_lines {
            0 => self.data = value,
            lines => {
                if lines == 1 {
                    joined.extend_from_slice(self.data);
                }
                joined.push(b'\n');
                joined.extend_from_slice(value);
            }
        }
        self.data_lines += 1;
    }
}

/// Name and value of a field; the name of a comment is empty.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = memchr(b':', line).unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or(value);
    (name, unspaced(value))
}

/// A value without the one space that may stand before it.
fn unspaced(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}
