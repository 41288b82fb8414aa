//! A JSON array that is written element by element, as Gemini streams without `alt=sse`.
//!
//! A scanner that knows strings and depth finds where each element of the outer array ends; the
//! elements themselves are not looked at.
//!
//! After a loss it is unknown whether the next byte stands in a string, and how deep. A line feed
//! tells the first: JSON escapes it within strings. A comma at the beginning of a line tells the
//! second by convention: writers that break lines put commas at the end of one, except Google's
//! between the elements of the outer array. Bias: towards going on. Wrong costs events that are
//! parts of others, in which no adapter finds usage.

mod nesting;

use memchr::{memchr, memchr2};

use self::nesting::Nesting;
use super::{event::Event, held::Held};
use crate::limits::Limits;

/// Depth of an element beyond which it is skipped, that of JSON parsers.
const MAX_DEPTH: u32 = 128;

/// An incremental parser of one array.
#[derive(Debug)]
pub struct JsonArray {
    held: Held,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The array has not begun.
    Before,
    /// Between elements.
    Between,
    /// In an element that is an object.
    Object(Nesting),
    /// In any other element, so many brackets deep in it, in a string or not.
    Within { depth: u32, string: Text },
    /// Bytes were lost.
    Lost(Seen),
    /// The array has ended, or it was none.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    No,
    Yes,
    /// The last byte was a backslash.
    Escaped,
}

/// How much was seen behind a loss of what stands between two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    LineFeed,
    Comma,
}

impl JsonArray {
    /// A parser at the beginning of an array.
    pub fn new(limits: &Limits) -> Self {
        Self {
            held: Held::new(limits.event_bytes),
            state: State::Before,
        }
    }

    /// Takes the next bytes and reports each element as soon as it has ended.
    pub fn feed(&mut self, mut bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        while let Some(&first) = bytes.first() {
            match self.state {
                State::Over => return,
                State::Before | State::Between if first.is_ascii_whitespace() => {
                    bytes = bytes.trim_ascii_start();
                }
                State::Before => {
                    self.state = if first == b'[' {
                        State::Between
                    } else {
                        State::Over
                    };
                    bytes = tail(bytes, 1);
                }
                State::Between => match first {
                    b']' => self.state = State::Over,
                    b',' | b'}' => bytes = tail(bytes, 1),
                    b'{' => self.state = State::Object(Nesting::default()),
                    _ => {
                        self.state = State::Within {
                            depth: 0,
                            string: Text::No,
                        };
                    }
                },
                State::Object(nesting) => bytes = self.read_object(nesting, bytes, on_event),
                State::Within { depth, string } => {
                    bytes = self.read_element(depth, string, bytes, on_event);
                }
                State::Lost(seen) => {
                    bytes = self.seek(seen, bytes);
                }
            }
        }
    }

    /// Bytes of the stream were lost: drops the element they belonged to and goes on with the next
    /// that can be told.
    pub fn gap(&mut self) {
        if self.state != State::Over {
            self.held.skip();
            self.state = State::Lost(Seen::Nothing);
        }
    }

    /// The element that was under way when the stream ended is not whole: there is none.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        None
    }

    /// Bytes held for the element under way.
    pub fn held(&self) -> usize {
        self.held.memory()
    }

    /// Gives them back: the element under way is left out.
    pub fn shed(&mut self) {
        self.held.shed();
    }

    /// Elements that were left out: too long, too deep, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        self.held.skipped()
    }

    /// Reads on in an object; returns what follows it.
    fn read_object<'a>(
        &mut self,
        mut nesting: Nesting,
        bytes: &'a [u8],
        on_event: &mut impl FnMut(Event<'_>),
    ) -> &'a [u8] {
        let end = nesting.pass(bytes);
        if nesting.deepest() > MAX_DEPTH {
            self.held.skip();
        }
        if let Some(end) = end {
            return self.dispatch(bytes, end, on_event);
        }
        self.state = State::Object(nesting);
        self.held.extend(bytes);
        &[]
    }

    /// Reads on in any other element; returns what follows it.
    fn read_element<'a>(
        &mut self,
        mut depth: u32,
        mut string: Text,
        bytes: &'a [u8],
        on_event: &mut impl FnMut(Event<'_>),
    ) -> &'a [u8] {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if string != Text::No {
                (at, string) = pass_string(rest, at, string);
                continue;
            }
            match rest.first() {
                Some(b'"') => string = Text::Yes,
                Some(b'{' | b'[') => {
                    depth = depth.saturating_add(1);
                    if depth > MAX_DEPTH {
                        self.held.skip();
                    }
                }
                // The end of a number or word is that of the array as well.
                Some(b'}' | b']' | b',') if depth == 0 => {
                    return self.dispatch(bytes, at, on_event);
                }
                Some(b'}' | b']') => {
                    depth -= 1;
                    if depth == 0 {
                        return self.dispatch(bytes, at + 1, on_event);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.state = State::Within { depth, string };
        self.held.extend(bytes);
        &[]
    }

    /// The element under way ends before `end`.
    fn dispatch<'a>(
        &mut self,
        bytes: &'a [u8],
        end: usize,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> &'a [u8] {
        let (text, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        let left_out = self.held.skipped();
        if let Some(element) = self.held.complete(text) {
            on_event(Event {
                data: element.trim_ascii_end(),
                left_out,
                ..Event::default()
            });
        }
        self.held.release();
        self.state = State::Between;
        rest
    }

    /// Looks behind a loss for a line that begins with a comma, and for what follows it.
    fn seek<'a>(&mut self, seen: Seen, bytes: &'a [u8]) -> &'a [u8] {
        let first = bytes.first().copied().unwrap_or_default();
        match seen {
            Seen::Nothing => match memchr(b'\n', bytes) {
                Some(at) => {
                    self.state = State::Lost(Seen::LineFeed);
                    return tail(bytes, at + 1);
                }
                None => return &[],
            },
            Seen::LineFeed if first == b',' => self.state = State::Lost(Seen::Comma),
            Seen::LineFeed if first != b'\n' => self.state = State::Lost(Seen::Nothing),
            Seen::Comma if first == b'{' => {
                // The element that was hit ended somewhere in the loss or behind it.
                self.held.complete(&[]);
                self.held.release();
                self.state = State::Between;
                return bytes;
            }
            Seen::Comma if !first.is_ascii_whitespace() => self.state = State::Lost(Seen::Nothing),
            Seen::LineFeed | Seen::Comma => {}
        }
        tail(bytes, 1)
    }
}

/// Reads on in a string; returns the offset behind what was read, and whether it goes on.
fn pass_string(rest: &[u8], at: usize, string: Text) -> (usize, Text) {
    if string == Text::Escaped {
        return (at + 1, Text::Yes);
    }
    match memchr2(b'"', b'\\', rest) {
        None => (at + rest.len(), Text::Yes),
        Some(found) if rest.get(found) == Some(&b'"') => (at + found + 1, Text::No),
        Some(found) => (at + found + 1, Text::Escaped),
    }
}

fn tail(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

/// Any bytes in pieces of any size, with losses between them.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_json_array(data: &[u8]) {
    super::fuzz::any_split(data, |limits| {
        super::framing::Framing::JsonArray(JsonArray::new(limits))
    });
}

#[cfg(test)]
mod tests;
