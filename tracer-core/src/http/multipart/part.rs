//! One part of a form: what its head says, and what is kept of its body.

use memchr::memchr;

use super::{File, VALUE_BYTES};

/// Bytes of a header line that are kept, and of all lines of a head that are looked at.
const LINE_BYTES: usize = 1 << 10;
const HEAD_BYTES: usize = 8 << 10;
/// Bytes of a field's name.
const NAME_BYTES: usize = 64;

/// The headers of a part while they come in.
#[derive(Debug, Default)]
pub(super) struct Head {
    line: Vec<u8>,
    seen: usize,
    over: bool,
    name: Option<String>,
    has_file_name: bool,
    media_type: Option<String>,
}

impl Head {
    /// Takes bytes of the head; returns what follows it.
    pub(super) fn feed<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while !self.over && !bytes.is_empty() {
            let end = memchr(b'\n', bytes);
            let (line, rest) = bytes
                .split_at_checked(end.unwrap_or(bytes.len()))
                .unwrap_or((bytes, &[]));
            let room = LINE_BYTES.saturating_sub(self.line.len());
            self.line
                .extend_from_slice(line.get(..room).unwrap_or(line));
            self.seen = self.seen.saturating_add(line.len());
            bytes = rest;
            if end.is_some() {
                bytes = rest.get(1..).unwrap_or_default();
                self.end_line();
            }
        }
        bytes
    }

    /// The empty line came.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(line.trim_ascii());
        if text.is_empty() {
            self.over = true;
        } else if self.seen <= HEAD_BYTES
            && let Some((name, value)) = text.split_once(':')
        {
            self.header(name.trim(), value.trim());
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        let (first, parameters) = value.split_once(';').unwrap_or((value, ""));
        if name.eq_ignore_ascii_case("content-disposition") {
            self.name = parameter(parameters, "name").filter(|name| name.len() <= NAME_BYTES);
            self.has_file_name = parameter(parameters, "filename").is_some()
                || parameter(parameters, "filename*").is_some();
        } else if name.eq_ignore_ascii_case("content-type") {
            self.media_type = Some(first.trim().to_ascii_lowercase());
        }
    }
}

/// A part whose body comes in.
#[derive(Debug)]
pub(super) enum Part {
    /// A file; its bytes are counted.
    File(File),
    /// A short text; one byte over its bound is kept to tell that it is too long.
    Field { name: String, value: Vec<u8> },
    /// Nothing says what it is.
    Nameless,
}

impl Part {
    pub(super) fn new(head: Head) -> Self {
        match head.name {
            None => Self::Nameless,
            Some(field) if head.has_file_name => Self::File(File {
                field,
                media_type: head.media_type.filter(|name| name.len() <= NAME_BYTES),
                bytes: Some(0),
            }),
            Some(name) => Self::Field {
                name,
                value: Vec::new(),
            },
        }
    }

    /// Takes bytes of the body.
    pub(super) fn feed(&mut self, content: &[u8]) {
        match self {
            Self::Nameless => {}
            Self::File(file) => {
                let length = content.len() as u64;
                file.bytes = file.bytes.map(|bytes| bytes.saturating_add(length));
            }
            Self::Field { value, .. } => {
                let room = (VALUE_BYTES + 1).saturating_sub(value.len());
                value.extend_from_slice(content.get(..room).unwrap_or(content));
            }
        }
    }
}

/// The value of a header's parameter, quoted or not.
pub(super) fn parameter(mut parameters: &str, wanted: &str) -> Option<String> {
    while let Some((name, rest)) = parameters.split_once('=') {
        let name = name.trim_matches([' ', '\t', ';']);
        let (value, rest) = value(rest.trim_start());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        parameters = rest;
    }
    None
}

/// The value that `text` begins with, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}
