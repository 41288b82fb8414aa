//! JSON without its long strings.

use memchr::{memchr, memchr2};

use crate::buffer;

/// Bytes of a string that is kept as it is.
const STRING_BYTES: usize = 512;

/// Gathers the text of one JSON object while leaving long strings empty, so that media and prose
/// pass through without being kept: what is left still has every member, and every id and name.
#[derive(Debug)]
pub(in crate::llm) struct Skeleton {
    text: Vec<u8>,
    bound: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    Before,
    /// Not in a string.
    Outside,
    /// In a string whose text begins at `from`, or in a long one of which nothing more is kept.
    String {
        from: Option<usize>,
        escaped: bool,
    },
    NoObject,
    OverBound,
}

impl Skeleton {
    /// Keeps at most `bound` bytes.
    pub(in crate::llm) const fn new(bound: usize) -> Self {
        Self {
            text: Vec::new(),
            bound,
            state: State::Before,
        }
    }

    /// Appends the next bytes.
    pub(in crate::llm) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            bytes = match self.state {
                State::NoObject | State::OverBound => return,
                State::Before if first.is_ascii_whitespace() => bytes.trim_ascii_start(),
                State::Before => {
                    self.state = if first == b'{' {
                        State::Outside
                    } else {
                        State::NoObject
                    };
                    bytes
                }
                State::Outside => self.pass_structure(bytes),
                State::String { from, escaped } => self.pass_string(from, escaped, bytes),
            };
            if self.text.len() > self.bound {
                self.state = State::OverBound;
                self.text = Vec::new();
            }
        }
    }

    /// The text so far; `None` if it is no object or was too long.
    pub(in crate::llm) fn text(&self) -> Option<&[u8]> {
        match self.state {
            State::Before | State::NoObject | State::OverBound => None,
            State::Outside | State::String { .. } => Some(&self.text),
        }
    }

    /// It is an object of which too much would have to be kept.
    pub(in crate::llm) fn is_over_bound(&self) -> bool {
        self.state == State::OverBound
    }

    /// Bytes held.
    pub(in crate::llm) fn held(&self) -> usize {
        self.text.capacity()
    }

    /// Gives them back: the text under way is as good as over the bound.
    pub(in crate::llm) fn shed(&mut self) {
        if !self.text.is_empty() {
            self.state = State::OverBound;
        }
        self.text = Vec::new();
    }

    /// Begins anew.
    pub(in crate::llm) fn clear(&mut self) {
        buffer::empty(&mut self.text);
        self.state = State::Before;
    }

    fn pass_structure<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(at) = memchr(b'"', bytes) else {
            self.text.extend_from_slice(bytes);
            return &[];
        };
        let (structure, rest) = split(bytes, at + 1);
        self.text.extend_from_slice(structure);
        self.state = State::String {
            from: Some(self.text.len()),
            escaped: false,
        };
        rest
    }

    fn pass_string<'a>(&mut self, from: Option<usize>, escaped: bool, bytes: &'a [u8]) -> &'a [u8] {
        let (length, ends, escaped) = if escaped {
            (1, false, false)
        } else {
            match memchr2(b'"', b'\\', bytes) {
                None => (bytes.len(), false, false),
                Some(at) if bytes.get(at) == Some(&b'"') => (at, true, false),
                Some(at) => (at + 1, false, true),
            }
        };
        let (piece, rest) = split(bytes, length);
        let mut from = from;
        if let Some(start) = from {
            if self.text.len() - start + piece.len() > STRING_BYTES {
                // Cut to nothing: within it, a cut could fall into an escape or a character.
                self.text.truncate(start);
                from = None;
            } else {
                self.text.extend_from_slice(piece);
            }
        }
        if ends {
            self.text.push(b'"');
            self.state = State::Outside;
            return rest.get(1..).unwrap_or_default();
        }
        self.state = State::String { from, escaped };
        rest
    }
}

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn skeleton(text: &[u8], size: usize, bound: usize) -> Option<Vec<u8>> {
        let mut skeleton = Skeleton::new(bound);
        skeleton.feed(b"{\"before\":1}");
        skeleton.clear();
        for piece in text.chunks(size) {
            skeleton.feed(piece);
        }
        skeleton.text().map(<[u8]>::to_vec)
    }

    #[test]
    fn long_strings_are_left_empty() {
        let audio = "QUJD".repeat(10_000);
        let escapes = "\\\"\\\\".repeat(300);
        let text = format!(
            " {{\"type\":\"delta\",\"delta\":\"{audio}\",\"n\":[1,\"{escapes}\",\"a\\\"b\"]}}"
        );
        for size in [1, 2, 7, 600, text.len()] {
            assert_eq!(
                skeleton(text.as_bytes(), size, 1_000).as_deref(),
                Some(&br#"{"type":"delta","delta":"","n":[1,"","a\"b"]}"#[..]),
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn only_objects_within_the_bound_are_kept() {
        assert_eq!(skeleton(b"RIFF\x00\x01{}", 3, 100), None);
        assert_eq!(skeleton(b"  ", 3, 100), None);
        assert_eq!(
            skeleton(format!("{{{}", "[".repeat(200)).as_bytes(), 3, 100),
            None
        );
    }

    proptest! {
        /// The members are those of the whole text, and strings are as they were or empty.
        #[test]
        fn what_is_left_is_json(
            texts in proptest::collection::vec(("[a-z\\\\\"é\u{1}]{0,20}", 0_usize..60), 0..6),
            size in 1_usize..40,
        ) {
            let value = serde_json::Value::Object(texts.iter().enumerate()
                .map(|(n, (text, times))| (n.to_string(), text.repeat(*times).into()))
                .collect());
            let text = serde_json::to_string(&value).unwrap();
            let left = skeleton(text.as_bytes(), size, 1 << 20).unwrap();
            let left: serde_json::Value = serde_json::from_slice(&left).unwrap();
            for (name, string) in value.as_object().unwrap() {
                let escaped = serde_json::to_string(string).unwrap().len() - 2;
                if escaped <= STRING_BYTES {
                    prop_assert_eq!(&left[name], string);
                } else {
                    prop_assert_eq!(&left[name], "");
                }
            }
        }
    }
}
