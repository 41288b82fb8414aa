//! `application/vnd.amazon.eventstream`, the binary frames of Amazon Bedrock.
//!
//! ```text
//! length of all u32 | length of headers u32 | CRC of these | headers | payload | CRC of all before
//! ```
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>. Numbers are big-endian, the checksums are
//! CRC-32. A frame is only believed if both are right. Behind a loss, or where a prelude is wrong,
//! the next eight bytes that are followed by their checksum are taken for a prelude again.

mod headers;

use self::headers::Headers;
use super::event::Event;
use crate::{buffer, limits::Limits};

/// The two lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
/// The checksum of the frame.
const CHECKSUM_BYTES: usize = 4;
/// The format's own bounds.
const MAX_HEADER_BYTES: usize = 128 << 10;
const MAX_FRAME_BYTES: usize = 24 << 20;

/// An incremental parser of one event stream.
#[derive(Debug)]
pub struct EventStream {
    /// The beginning of a frame, or what may be that of one; empty where it lies within a piece.
    held: Vec<u8>,
    /// Where the next frame begins is unknown.
    searching: bool,
    /// Bytes that are left of a frame that is too long.
    skip: usize,
    skipped: u64,
    frame_bytes: usize,
}

impl EventStream {
    /// A parser at the beginning of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self {
            held: Vec::new(),
            searching: false,
            skip: 0,
            skipped: 0,
            frame_bytes: limits.event_bytes,
        }
    }

    /// Takes the next bytes and reports each frame as soon as it is complete.
    pub fn feed(&mut self, mut bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        loop {
            let skip = self.skip.min(bytes.len());
            self.skip -= skip;
            bytes = tail(bytes, skip);
            if bytes.is_empty() {
                return;
            }
            bytes = match (self.held.is_empty(), self.searching) {
                (true, false) => self.read(bytes, on_event),
                (false, false) => self.read_on(bytes, on_event),
                (true, true) => self.search(bytes),
                (false, true) => self.search_on(bytes),
            };
        }
    }

    /// Bytes of the stream were lost: drops the frame they belonged to and searches for the next.
    pub fn gap(&mut self) {
        // A frame that is skipped was counted.
        self.skipped += u64::from(!self.searching && self.skip == 0);
        self.skip = 0;
        self.held.clear();
        self.searching = true;
    }

    /// The frame that was under way when the stream ended is not whole: there is none.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        None
    }

    /// Bytes held for the frame under way.
    pub fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Gives them back: the frame under way is left out, and the next one searched for.
    pub fn shed(&mut self) {
        if !self.held.is_empty() {
            self.gap();
        }
        self.held = Vec::new();
    }

    /// Frames that were left out: too long, broken, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Reads the frame at the beginning of `bytes`; returns what is left.
    fn read<'a>(&mut self, bytes: &'a [u8], on_event: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        match Step::of(bytes, self.frame_bytes) {
            Step::More(_) => {
                self.held.extend_from_slice(bytes);
                &[]
            }
            Step::Wrong => {
                self.lose_step();
                tail(bytes, 1)
            }
            Step::TooLong(length) => {
                self.skipped += 1;
                self.skip = length;
                bytes
            }
            Step::Frame { length, headers } => {
                let (frame, rest) = split(bytes, length);
                let is_read = dispatch(frame, headers, self.skipped, on_event);
                self.skipped += u64::from(!is_read);
                rest
            }
        }
    }

    /// The same where the beginning of the frame is held.
    fn read_on<'a>(&mut self, bytes: &'a [u8], on_event: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        let mut rest = bytes;
        if let Step::More(length) = Step::of(&self.held, self.frame_bytes) {
            let (more, after) = split(bytes, length.saturating_sub(self.held.len()));
            self.held.extend_from_slice(more);
            rest = after;
        }
        match Step::of(&self.held, self.frame_bytes) {
            Step::More(_) => return rest,
            Step::Wrong => {
                self.lose_step();
                self.held.drain(..1);
                return rest;
            }
            Step::TooLong(length) => {
                self.skipped += 1;
                self.skip = length.saturating_sub(self.held.len());
            }
            Step::Frame { headers, .. } => {
                let is_read = dispatch(&self.held, headers, self.skipped, on_event);
                self.skipped += u64::from(!is_read);
            }
        }
        buffer::empty(&mut self.held);
        rest
    }

    /// A prelude is wrong: nothing tells where the next frame begins.
    fn lose_step(&mut self) {
        self.skipped += 1;
        self.searching = true;
    }

    /// Searches for a prelude; returns the bytes from it on.
    fn search<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if let Some(at) = find_prelude(bytes) {
            self.searching = false;
            return tail(bytes, at);
        }
        let from = bytes.len().saturating_sub(PRELUDE_BYTES - 1);
        self.held.extend_from_slice(tail(bytes, from));
        &[]
    }

    /// The same where the prelude may begin in what is held, less than a prelude.
    fn search_on<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let before = self.held.len();
        let (more, rest) = split(bytes, PRELUDE_BYTES - 1);
        self.held.extend_from_slice(more);
        match find_prelude(&self.held) {
            Some(at) if at < before => {
                self.searching = false;
                // Its last byte is read as of any frame, so that it is judged at once.
                let end = at + PRELUDE_BYTES - 1;
                self.held.truncate(end);
                self.held.drain(..at);
                tail(bytes, end.saturating_sub(before))
            }
            // The prelude, if any, lies in `bytes`.
            _ if !rest.is_empty() => {
                self.held.clear();
                bytes
            }
            _ => {
                let surplus = self.held.len().saturating_sub(PRELUDE_BYTES - 1);
                self.held.drain(..surplus);
                rest
            }
        }
    }
}

/// What to do with the bytes from the beginning of a frame on.
enum Step {
    /// So many are needed to go on.
    More(usize),
    /// They are no prelude.
    Wrong,
    /// The frame is so long, which is over the bound.
    TooLong(usize),
    /// The frame is complete.
    Frame { length: usize, headers: usize },
}

impl Step {
    fn of(bytes: &[u8], bound: usize) -> Self {
        if bytes.len() < PRELUDE_BYTES {
            return Self::More(PRELUDE_BYTES);
        }
        match lengths(bytes) {
            None => Self::Wrong,
            Some((length, _)) if length > bound => Self::TooLong(length),
            Some((length, _)) if length > bytes.len() => Self::More(length),
            Some((length, headers)) => Self::Frame { length, headers },
        }
    }
}

/// Lengths of a frame and of its headers, if `bytes` begin with a prelude.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let (text, rest) = bytes.split_at_checked(PRELUDE_BYTES - CHECKSUM_BYTES)?;
    let (length, headers) = text.split_at_checked(4)?;
    let (length, headers) = (number(length)? as usize, number(headers)? as usize);
    let plausible = length <= MAX_FRAME_BYTES
        && headers <= MAX_HEADER_BYTES
        && PRELUDE_BYTES + headers + CHECKSUM_BYTES <= length;
    (plausible && number(rest)? == crc32fast::hash(text)).then_some((length, headers))
}

fn find_prelude(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(PRELUDE_BYTES)
        .position(|window| matches!(window, [0 | 1, _, _, _, 0, ..]) && lengths(window).is_some())
}

/// Reports a whole frame, before which so many were left out; `false` if it is broken.
fn dispatch(
    frame: &[u8],
    headers: usize,
    left_out: u64,
    on_event: &mut impl FnMut(Event<'_>),
) -> bool {
    let (text, checksum) = split(frame, frame.len().saturating_sub(CHECKSUM_BYTES));
    if number(checksum) != Some(crc32fast::hash(text)) {
        return false;
    }
    let (headers, payload) = split(tail(text, PRELUDE_BYTES), headers);
    let Some(headers) = Headers::parse(headers) else {
        return false;
    };
    on_event(headers.event(payload).behind(left_out));
    true
}

/// The big-endian number that `bytes` begin with.
fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_be_bytes)
}

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

fn tail(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

/// Any bytes in pieces of any size, with losses between them.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_event_stream(data: &[u8]) {
    super::fuzz::any_split(data, |limits| {
        super::framing::Framing::EventStream(EventStream::new(limits))
    });
}

#[cfg(test)]
mod tests;
