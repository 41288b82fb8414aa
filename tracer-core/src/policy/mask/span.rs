//! Places that are to be masked.

use super::kind::Kind;

/// A place that is to be masked, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
    pub tail: Tail,
}

impl Span {
    pub(super) const fn new(start: usize, end: usize, kind: Kind) -> Self {
        Self {
            start,
            end,
            kind,
            tail: Tail::None,
        }
    }

    pub(super) const fn with_tail(self, tail: Tail) -> Self {
        Self { tail, ..self }
    }
}

/// What belongs to a place beyond its end, however long: detectors look at bounded pieces, and what
/// is longer must not be let through for its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    None,
    /// Letters, digits and what stands between them in tokens.
    Token,
    /// All up to a quotation mark, white space or another end of a value.
    Value,
    /// All up to a quotation mark or the end of the line.
    Line,
    /// Base64, in either alphabet.
    Base64,
    /// All up to the line that ends a private key, or to the end of the text.
    Pem,
}

/// How far tails have been followed in one window: many places may lie in one tail, and each byte is
/// looked at once.
#[derive(Debug, Default)]
pub(super) struct Reach([Option<(usize, usize, bool)>; 6]);

impl Reach {
    /// [`Tail::extend`].
    pub(super) fn extend(&mut self, tail: Tail, text: &[u8], end: usize) -> (usize, bool) {
        let Some(known) = self.0.get_mut(tail as usize) else {
            return tail.extend(text, end);
        };
        // The label of a key's last line is not searched.
        let margin = if tail == Tail::Pem {
            PEM_END.len() + PEM_LABEL
        } else {
            0
        };
        match *known {
            Some((from, reached, open)) if from <= end && end + margin <= reached => {
                (reached, open)
            }
            _ => {
                let (reached, open) = tail.extend(text, end);
                *known = Some((end, reached, open));
                (reached, open)
            }
        }
    }
}

/// How a line begins that ends a private key.
const PEM_END: &[u8] = b"-----END";
/// The most bytes of the rest of that line.
const PEM_LABEL: usize = 80;

impl Tail {
    /// Where a place ends that has come to `end`; and whether more of `text` could move that.
    pub(super) fn extend(self, text: &[u8], end: usize) -> (usize, bool) {
        let rest = text.get(end..).unwrap_or_default();
        let holds: fn(u8) -> bool = match self {
            Self::None => return (end, false),
            Self::Pem => return pem_end(text, end),
            Self::Token => is_token,
            Self::Value => is_value,
            Self::Line => is_line,
            Self::Base64 => is_base64,
        };
        match rest.iter().position(|byte| !holds(*byte)) {
            Some(more) => (end + more, false),
            None => (text.len(), true),
        }
    }
}

fn pem_end(text: &[u8], from: usize) -> (usize, bool) {
    let rest = text.get(from..).unwrap_or_default();
    let Some(at) = memchr::memmem::find(rest, PEM_END) else {
        // Its beginning may be the end of what is here.
        return (text.len().saturating_sub(PEM_END.len()).max(from), true);
    };
    let label = rest.get(at + PEM_END.len()..).unwrap_or_default();
    if label.len() < PEM_LABEL && !label.contains(&b'\n') {
        let end = label_end(label);
        // Whole if something stands behind it.
        return (
            from + at
                + if end < label.len() {
                    PEM_END.len() + end
                } else {
                    0
                },
            end >= label.len(),
        );
    }
    (from + at + PEM_END.len() + label_end(label), false)
}

fn label_end(label: &[u8]) -> usize {
    let words = label
        .iter()
        .take(PEM_LABEL - 8)
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b' ')
        .count();
    let rest = label.get(words..).unwrap_or_default();
    words
        + rest
            .iter()
            .take(5)
            .take_while(|byte| **byte == b'-')
            .count()
}

pub(super) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b'%')
}

pub(super) const fn is_value(byte: u8) -> bool {
    !matches!(
        byte,
        0..=b' '
            | b'"'
            | b'\''
            | b'`'
            | b'\\'
            | b','
            | b';'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b'&'
            | b'|'
    )
}

pub(super) const fn is_line(byte: u8) -> bool {
    !matches!(byte, b'\n' | b'\r' | b'"' | b'\'' | b'`')
}

pub(super) const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Whether no word runs into `at`: letters behind a backslash are an escape, not a word.
pub(super) fn begins_word(text: &[u8], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).and_then(|at| text.get(at)).copied();
    match back(1) {
        Some(byte) if byte.is_ascii_alphanumeric() => {
            matches!(byte, b'n' | b't' | b'r') && back(2) == Some(b'\\')
        }
        _ => true,
    }
}
