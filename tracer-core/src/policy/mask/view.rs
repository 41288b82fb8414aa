//! Text without the escapes that hide it from detectors: `\u0040`, `\/`, `%40`, `&#64;`.
//!
//! Read loosely: any few backslashes before a letter are one escape, whatever the depth of JSON in
//! JSON, so what a text means does not depend on where one begins to read it.

use memchr::memchr3;

/// The most backslashes of one escape: JSON in JSON four times over.
const MAX_BACKSLASHES: usize = 15;

/// What a text says, and where each byte of it stands.
pub(super) struct View {
    pub bytes: Vec<u8>,
    /// Where the view and the text run on side by side: begin of the run in the view, in the text.
    runs: Vec<(usize, usize)>,
}

impl View {
    /// `None` where nothing is hidden.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        first_hidden(text)?;
        let mut view = Self {
            bytes: Vec::with_capacity(text.len()),
            runs: vec![(0, 0)],
        };
        let mut at = 0;
        while let Some(rest) = text.get(at..) {
            let Some(plain) = memchr3(b'\\', b'%', b'&', rest) else {
                view.bytes.extend_from_slice(rest);
                break;
            };
            let (plain, escape) = rest.split_at(plain);
            view.bytes.extend_from_slice(plain);
            at += plain.len();
            let read = decode(escape, &mut view.bytes);
            at += read;
            view.runs.push((view.bytes.len(), at));
        }
        Some(view)
    }

    /// Where the text of `[start, end)` of the view stands.
    pub(super) fn place(&self, start: usize, end: usize) -> (usize, usize) {
        let begin = self.source(start);
        // Up to where the last byte of it ends: where the next one begins.
        (begin, self.source(end).max(begin))
    }

    fn source(&self, at: usize) -> usize {
        let run = self.runs.partition_point(|(view, _)| *view <= at);
        match run.checked_sub(1).and_then(|run| self.runs.get(run)) {
            Some((view, text)) => text + (at - view),
            None => at,
        }
    }
}

/// Where the first escape stands that hides more than white space or a quotation mark.
fn first_hidden(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        at += memchr3(b'\\', b'%', b'&', rest)?;
        let escape = text.get(at..)?;
        let hides = match escape {
            [b'\\', ..] => {
                let run = backslashes(escape);
                let hides = matches!(escape.get(run), Some(b'u' | b'x' | b'/'));
                at += run - 1;
                hides && run <= MAX_BACKSLASHES
            }
            [b'%', ..] => percent(escape).is_some(),
            _ => entity(escape).is_some(),
        };
        if hides {
            return Some(at);
        }
        at += 1;
    }
}

/// Reads an escape, or a byte that only looks like one; how much of the text that was.
fn decode(escape: &[u8], out: &mut Vec<u8>) -> usize {
    let decoded = match escape {
        [b'\\', ..] => backslash(escape, out),
        [b'%', ..] => percent(escape).map(|(byte, read)| {
            out.push(byte);
            read
        }),
        _ => entity(escape).map(|(char, read)| {
            push(char, out);
            read
        }),
    };
    decoded.unwrap_or_else(|| {
        out.extend(escape.first());
        1
    })
}

fn backslashes(escape: &[u8]) -> usize {
    escape
        .iter()
        .take(MAX_BACKSLASHES + 1)
        .take_while(|byte| **byte == b'\\')
        .count()
}

fn backslash(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let run = backslashes(escape);
    if run > MAX_BACKSLASHES {
        return None;
    }
    let plain = match escape.get(run)? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        quote @ (b'"' | b'\'' | b'/') => *quote,
        b'u' => {
            let code = hex(escape.get(run + 1..run + 5)?)?;
            push(code, out);
            return Some(run + 5);
        }
        b'x' => {
            let code = hex(escape.get(run + 1..run + 3)?)?;
            out.push(u8::try_from(code).ok()?);
            return Some(run + 3);
        }
        _ => return None,
    };
    out.push(plain);
    Some(run + 1)
}

/// `%40`, `%2540`.
fn percent(escape: &[u8]) -> Option<(u8, usize)> {
    let mut at = 1;
    // A few times over, as with backslashes.
    while at < 9
        && escape.get(at..at + 2) == Some(b"25")
        && escape
            .get(at + 2..at + 4)
            .is_some_and(|next| hex(next).is_some())
    {
        at += 2;
    }
    let byte = u8::try_from(hex(escape.get(at..at + 2)?)?).ok()?;
    Some((byte, at + 2))
}

/// `&#64;`, `&#x40;`.
fn entity(escape: &[u8]) -> Option<(u32, usize)> {
    let digits = escape.strip_prefix(b"&#")?;
    let end = digits.iter().take(9).position(|byte| *byte == b';')?;
    let number = std::str::from_utf8(digits.get(..end)?).ok()?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    Some((code.ok()?, end + 3))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Halves of a pair of surrogates hide nothing that is looked for.
fn push(code: u32, out: &mut Vec<u8>) {
    let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_at_any_depth() {
        let text = br#"a\u0040b \\\u0040 %40 %2540 &#64; &#x40; \/ \\n"#;
        let view = View::of(text).unwrap();
        assert_eq!(view.bytes, b"a@b @ @ @ @ @ / \n");
        assert_eq!(view.place(0, 3), (0, 8));
        assert_eq!(view.place(1, 2), (1, 7));
        assert_eq!(view.place(4, 5), (9, 17));
    }

    #[test]
    fn nothing_hidden_needs_no_view() {
        for text in [
            "plain",
            "100% of R&D",
            r#"{\"a\": \"b\\n\"}"#,
            "%4",
            r"C:\dir",
        ] {
            assert!(View::of(text.as_bytes()).is_none(), "{text}");
        }
    }
}
