//! Bodies that break off, kept as far as they go.

use memchr::memchr2;

/// How deep brackets are followed; what is deeper is left out.
const DEPTH: usize = 128;
/// The longest escape: two surrogates.
const ESCAPE_BYTES: usize = 12;

/// A copy of a JSON text that breaks off, closed behind its last whole member or item, at any depth;
/// a string that breaks off as a value is kept up to there. `None` if nothing is left.
///
/// This is for text that people read. What numbers are taken from is closed by
/// [`close_object`](super::close_object), which keeps only what is whole.
pub(in crate::llm) fn close_all(json: &[u8]) -> Option<Vec<u8>> {
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        at = if byte == b'"' {
            scan.string(json, at)?
        } else {
            scan.structure(byte, at)?;
            at + 1
        };
    }
    scan.closed(json)
}

/// What is known of a text up to some place.
#[derive(Debug, Default)]
struct Scan {
    /// The brackets that are open.
    open: Vec<u8>,
    /// The last byte of structure.
    last: u8,
    /// Up to where the text is whole, and how many brackets are open there.
    whole: Option<(usize, usize)>,
    /// A string that is a value breaks off: its text may be kept up to here.
    cut_string: Option<usize>,
}

impl Scan {
    /// Takes a byte outside of strings; `None` if the text is too deep.
    fn structure(&mut self, byte: u8, at: usize) -> Option<()> {
        match byte {
            b'{' | b'[' => {
                if self.open.len() >= DEPTH {
                    return None;
                }
                self.open.push(byte);
            }
            b'}' | b']' => {
                self.open.pop();
                self.whole = Some((at + 1, self.open.len()));
            }
            b',' => self.whole = Some((at, self.open.len())),
            b':' => {}
            _ => return Some(()),
        }
        self.last = byte;
        Some(())
    }

    /// Passes the string that begins at `at`; returns what is behind it.
    fn string(&mut self, json: &[u8], at: usize) -> Option<usize> {
        let is_value = self.last == b':' || self.open.last() == Some(&b'[');
        let mut from = at + 1;
        while let Some(found) = memchr2(b'"', b'\\', json.get(from..)?) {
            let place = from + found;
            if json.get(place) == Some(&b'"') {
                return Some(place + 1);
            }
            from = (place + 2).min(json.len());
        }
        if is_value {
            let text = json.get(at + 1..).unwrap_or_default();
            self.cut_string = Some(at + 1 + whole_characters(text));
        }
        Some(json.len())
    }

    fn closed(self, json: &[u8]) -> Option<Vec<u8>> {
        let (end, depth) = match self.cut_string {
            Some(end) => (end, self.open.len()),
            None => self.whole?,
        };
        let mut closed = json.get(..end)?.to_vec();
        if self.cut_string.is_some() {
            closed.push(b'"');
        }
        let brackets = self.open.get(..depth)?.iter().rev();
        closed.extend(brackets.map(|&byte| if byte == b'{' { b'}' } else { b']' }));
        Some(closed)
    }
}

/// The length of the beginning of a string's text that holds whole characters and escapes only.
fn whole_characters(text: &[u8]) -> usize {
    let tail = text.len().saturating_sub(ESCAPE_BYTES);
    // An escape near the end may be cut: it goes, and with it those right before it.
    let mut end = text.len();
    let near = text.get(tail..).unwrap_or_default();
    if let Some(at) = near.iter().position(|&byte| byte == b'\\') {
        end = tail + at;
        while text.get(..end).is_some_and(|text| text.ends_with(b"\\")) {
            end -= 1;
        }
    }
    let kept = text.get(..end).unwrap_or_default();
    match std::str::from_utf8(kept) {
        Ok(_) => strip_surrogate(kept),
        Err(error) => error.valid_up_to(),
    }
}

/// A first surrogate whose second one was left out goes, too.
fn strip_surrogate(text: &[u8]) -> usize {
    let at = text.len().saturating_sub(6);
    match text.get(at..) {
        Some(
            [
                b'\\',
                b'u',
                b'd' | b'D',
                b'8' | b'9' | b'a' | b'b' | b'A' | b'B',
                _,
                _,
            ],
        ) => at,
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn closed(text: &str) -> Option<String> {
        close_all(text.as_bytes()).map(|closed| String::from_utf8(closed).expect("text"))
    }

    #[test]
    fn all_that_is_whole_is_kept_at_any_depth() {
        for (cut, expected) in [
            (r#"{"a":[{"b":1},{"c":2,"d"#, r#"{"a":[{"b":1},{"c":2}]}"#),
            (
                r#"{"a":[{"b":1},{"c":"he said"#,
                r#"{"a":[{"b":1},{"c":"he said"}]}"#,
            ),
            (r#"{"a":["x","y"#, r#"{"a":["x","y"]}"#),
            (r#"{"a":1,"b":tr"#, r#"{"a":1}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(closed(cut).as_deref(), Some(expected), "{cut}");
        }
        assert_eq!(closed(r#"{"a"#), None);
    }

    proptest! {
        /// Wherever a text breaks off, what is left of it is JSON.
        #[test]
        fn what_is_left_is_json(
            texts in proptest::collection::vec("[a\\\\\"é\u{1}🦀]{0,20}", 1..6),
            cut in 0_usize..400,
        ) {
            let value = serde_json::json!({"m": [{"t": texts, "n": 1}, {"t": texts.concat()}]});
            let plain = value.to_string();
            let escaped = plain.replace('🦀', "\\ud83e\\udd80").replace('é', "\\u00e9");
            for text in [plain, escaped] {
                let text = &text.as_bytes()[..cut.min(text.len())];
                if let Some(closed) = close_all(text) {
                    let read = serde_json::from_slice::<serde_json::Value>(&closed);
                    prop_assert!(read.is_ok(), "{}", String::from_utf8_lossy(&closed));
                }
            }
        }
    }
}
