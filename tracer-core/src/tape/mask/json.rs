//! Masks JSON text as it comes, byte by byte, in its length.
//!
//! Everything is written as `x` except what is known to be harmless: the structure, `true`, `false`
//! and `null`, names of members, and the values that [`Members`] shows. At the first byte that
//! cannot stand there in JSON the rest is written as `x` altogether: nothing is guessed.

use super::members::{Members, Shown};

/// Stands for every byte that is not shown.
pub(super) const MASK: u8 = b'x';
/// Stands for every digit that is not shown.
const DIGIT: u8 = b'1';
/// Bytes of a text that are shown at most: those of a name that leaves the core.
const TEXT_BYTES: usize = 256;
/// Bytes of the longest name of a member that is looked up or shown.
const NAME_BYTES: usize = 64;
/// Objects and lists within each other; what is deeper is not understood.
const DEPTH: usize = 96;
/// Words that may stand outside of quotes; the last ends a stream of OpenAI.
const WORDS: [&[u8]; 4] = [b"true", b"false", b"null", b"DONE"];

/// Masks one text of JSON, or several one after the other.
#[derive(Debug)]
pub(super) struct JsonMask {
    members: Members,
    /// Objects and lists that are open.
    open: Vec<Level>,
    expected: Expected,
    /// The name of the member under way.
    name: Name,
    token: Token,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    is_object: bool,
    /// What is shown of it.
    shown: Shown,
}

/// What comes next outside of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A name, or the end of the object.
    Name,
    Colon,
    /// A value, of which this is shown, or the end of the list.
    Value(Shown),
    /// A comma, or the end of what is open.
    Comma,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Structure.
    None,
    Text(Text),
    Number {
        shown: bool,
    },
    Word {
        which: usize,
        at: usize,
    },
    /// No JSON: to the end of it all.
    Strange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Text {
    kind: TextKind,
    length: usize,
    /// The byte before was a backslash.
    escaped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    /// The name of a member, shown or not.
    Name(bool),
    /// Shown as far as it looks like a name.
    Shown,
    /// Was shown, but is no name: spaces still are, for a sentence must stay one.
    Sentence,
    Masked,
}

/// A name that is compared, as far as it fits.
#[derive(Debug)]
struct Name {
    bytes: [u8; NAME_BYTES],
    length: usize,
    fits: bool,
}

impl JsonMask {
    pub(super) fn new(members: Members) -> Self {
        Self {
            members,
            open: Vec::new(),
            expected: Expected::Value(members.top()),
            name: Name::new(),
            token: Token::None,
        }
    }

    /// Begins anew.
    pub(super) fn reset(&mut self) {
        self.open.clear();
        self.expected = Expected::Value(self.members.top());
        self.token = Token::None;
    }

    /// Shows nothing more.
    pub(super) const fn hide(&mut self) {
        self.token = Token::Strange;
    }

    /// Appends as many bytes to `out` as it is given.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend(bytes.iter().map(|byte| self.byte(*byte)));
    }

    fn byte(&mut self, byte: u8) -> u8 {
        match self.token {
            Token::None => self.structure(byte),
            Token::Text(text) => self.text(text, byte),
            Token::Number { shown } => self.number(shown, byte),
            Token::Word { which, at } => self.word(which, at, byte),
            Token::Strange => MASK,
        }
    }

    fn structure(&mut self, byte: u8) -> u8 {
        let known = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => true,
            b'{' | b'[' => self.enter(byte == b'{'),
            b'}' | b']' => self.leave(byte == b'}'),
            b',' => self.next(),
            b':' => self.colon(),
            b'"' => self.quote(),
            b'-' | b'0'..=b'9' => return self.begin_number(byte),
            _ => return self.begin_word(byte),
        };
        if known { byte } else { self.strange() }
    }

    fn strange(&mut self) -> u8 {
        self.token = Token::Strange;
        MASK
    }

    /// Takes the value that is expected now; `None` if none is. Documents may follow each other.
    fn value(&mut self) -> Option<Shown> {
        let shown = match self.expected {
            Expected::Value(shown) => shown,
            Expected::Comma if self.open.is_empty() => self.members.top(),
            Expected::Name | Expected::Colon | Expected::Comma => return None,
        };
        self.expected = Expected::Comma;
        Some(shown)
    }

    fn enter(&mut self, is_object: bool) -> bool {
        let Some(shown) = self.value().filter(|_| self.open.len() < DEPTH) else {
            return false;
        };
        self.open.push(Level { is_object, shown });
        self.expect_member();
        true
    }

    fn leave(&mut self, is_object: bool) -> bool {
        self.expected = Expected::Comma;
        self.open
            .pop()
            .is_some_and(|level| level.is_object == is_object)
    }

    fn next(&mut self) -> bool {
        let follows = self.expected == Expected::Comma && !self.open.is_empty();
        self.expect_member();
        follows
    }

    fn expect_member(&mut self) {
        self.expected = match self.open.last() {
            Some(Level {
                is_object: true, ..
            }) => Expected::Name,
            Some(level) => Expected::Value(level.shown),
            None => Expected::Comma,
        };
    }

    fn colon(&mut self) -> bool {
        let follows = self.expected == Expected::Colon;
        let shown = match self.open.last() {
            Some(level) if self.name.fits => level.shown.member(self.name.as_bytes()),
            _ => Shown::Nothing,
        };
        self.expected = Expected::Value(shown);
        follows
    }

    fn quote(&mut self) -> bool {
        let kind = if self.expected == Expected::Name {
            self.expected = Expected::Colon;
            self.name = Name::new();
            TextKind::Name(
                self.open
                    .last()
                    .is_some_and(|level| level.shown.has_names()),
            )
        } else {
            match self.value() {
                Some(shown) if shown.has_text() => TextKind::Shown,
                Some(_) => TextKind::Masked,
                None => return false,
            }
        };
        self.token = Token::Text(Text {
            kind,
            length: 0,
            escaped: false,
        });
        true
    }

    fn text(&mut self, mut text: Text, byte: u8) -> u8 {
        if byte < b' ' {
            return self.strange();
        }
        if byte == b'"' && !text.escaped {
            self.token = Token::None;
            return byte;
        }
        text.escaped = byte == b'\\' && !text.escaped;
        text.length += 1;
        let shown = match text.kind {
            TextKind::Name(shown) => {
                let shown = shown && is_of_name(byte) && text.length <= NAME_BYTES;
                self.name.push(byte);
                shown
            }
            TextKind::Shown => {
                let shown = byte.is_ascii_graphic() && byte != b'\\' && text.length <= TEXT_BYTES;
                if !shown {
                    text.kind = TextKind::Sentence;
                }
                shown || byte == b' '
            }
            TextKind::Sentence => byte == b' ' && text.length <= TEXT_BYTES,
            TextKind::Masked => false,
        };
        self.token = Token::Text(text);
        if shown { byte } else { MASK }
    }

    fn begin_number(&mut self, byte: u8) -> u8 {
        let Some(shown) = self.value() else {
            return self.strange();
        };
        let shown = shown.has_number();
        self.token = Token::Number { shown };
        self.number(shown, byte)
    }

    fn number(&mut self, shown: bool, byte: u8) -> u8 {
        match byte {
            b'0'..=b'9' if !shown => DIGIT,
            b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E' => byte,
            _ => {
                self.token = Token::None;
                self.structure(byte)
            }
        }
    }

    fn begin_word(&mut self, byte: u8) -> u8 {
        let which = WORDS.iter().position(|word| word.first() == Some(&byte));
        match which.filter(|_| self.value().is_some()) {
            Some(which) => {
                self.token = Token::Word { which, at: 1 };
                byte
            }
            None => self.strange(),
        }
    }

    fn word(&mut self, which: usize, at: usize, byte: u8) -> u8 {
        match WORDS.get(which).and_then(|word| word.get(at)) {
            Some(wanted) if *wanted == byte => {
                self.token = Token::Word { which, at: at + 1 };
                byte
            }
            Some(_) => self.strange(),
            None => {
                self.token = Token::None;
                self.structure(byte)
            }
        }
    }
}

/// Names of APIs hold these alone.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'/')
}

impl Name {
    const fn new() -> Self {
        Self {
            bytes: [0; NAME_BYTES],
            length: 0,
            fits: true,
        }
    }

    fn push(&mut self, byte: u8) {
        match self.bytes.get_mut(self.length) {
            Some(place) => {
                *place = byte;
                self.length += 1;
            }
            None => self.fits = false,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
