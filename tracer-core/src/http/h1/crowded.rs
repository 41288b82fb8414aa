//! Heads that are too long or have too many lines, cut to a size that is read.
//!
//! Whoever writes such a head still means it: the exchange goes on. What the first lines and the
//! framing say is told; the rest is passed over.

use std::borrow::Cow;

use memchr::{memchr, memrchr};

use crate::limits::HEADER_COUNT;

/// Lines that are kept beyond [`HEADER_COUNT`], as they say where the body ends and how it is read.
pub(super) const NEEDED_COUNT: usize = 16;

/// Their names.
const NEEDED: [&[u8]; 7] = [
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"transfer-encoding",
    b"upgrade",
];

/// A head of at most [`HEADER_COUNT`] and [`NEEDED_COUNT`] lines, and how many are left out.
pub(super) fn thinned(head: &[u8]) -> (Cow<'_, [u8]>, u32) {
    let mut fields = fields(head);
    let mut kept: Vec<u8> = Vec::new();
    // The start line stands before the first of them.
    for field in fields.by_ref().take(1 + HEADER_COUNT) {
        kept.extend_from_slice(field);
    }
    let (mut needed, mut left_out) = (0, 0_u32);
    for field in fields {
        if needed < NEEDED_COUNT && is_needed(field) {
            needed += 1;
            kept.extend_from_slice(field);
        } else {
            left_out = left_out.saturating_add(1);
        }
    }
    if left_out == 0 {
        return (Cow::Borrowed(head), 0);
    }
    kept.extend_from_slice(b"\r\n");
    (Cow::Owned(kept), left_out)
}

/// The beginning of a head that goes on beyond `max` bytes, up to its last whole line in these, as
/// if it ended there; `None` if there is none.
pub(super) fn cut(mut head: Vec<u8>, max: usize) -> Option<Vec<u8>> {
    head.truncate(max);
    head.truncate(memrchr(b'\n', &head)? + 1);
    head.extend_from_slice(b"\r\n");
    Some(head)
}

/// The start line and the fields of a head, each with its line end and the lines that go on with
/// it; the empty line is left out.
fn fields(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut length = line(rest)?;
        while let Some(b' ' | b'\t') = rest.get(length) {
            length += line(rest.get(length..)?).unwrap_or(0);
        }
        let (field, after) = rest.split_at_checked(length)?;
        rest = after;
        (!field.trim_ascii().is_empty()).then_some(field)
    })
}

/// How long the first line is, with its end.
fn line(text: &[u8]) -> Option<usize> {
    memchr(b'\n', text).map(|at| at + 1)
}

fn is_needed(field: &[u8]) -> bool {
    let name = memchr(b':', field).and_then(|at| field.get(..at));
    name.is_some_and(|name| {
        let name = name.trim_ascii_end();
        NEEDED
            .iter()
            .any(|needed| needed.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: usize, last: &str) -> String {
        let lines: String = (0..lines).map(|n| format!("x-{n}: y\r\n z\r\n")).collect();
        format!("GET / HTTP/1.1\r\n{lines}{last}\r\n")
    }

    #[test]
    fn the_lines_that_are_needed_are_kept() {
        let whole = head(HEADER_COUNT, "");
        assert_eq!(
            thinned(whole.as_bytes()),
            (Cow::Borrowed(whole.as_bytes()), 0)
        );
        let last = "Content-Length : 5\r\nhostile: x\r\nHOST: h\r\n";
        let crowded = head(HEADER_COUNT + 3, last);
        let expected = head(HEADER_COUNT, "Content-Length : 5\r\nHOST: h\r\n");
        let (kept, left_out) = thinned(crowded.as_bytes());
        assert_eq!((&*kept, left_out), (expected.as_bytes(), 4));
        let flood = head(HEADER_COUNT, &"host: h\r\n".repeat(1_000));
        assert_eq!(thinned(flood.as_bytes()).1, 984);
    }

    #[test]
    fn a_head_is_cut_behind_a_whole_line() {
        let text = b"GET / HTTP/1.1\r\nhost: h\r\nx: ";
        let at = |max| cut(text.to_vec(), max);
        assert_eq!(
            at(100).as_deref(),
            Some(&b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"[..])
        );
        assert_eq!(at(20).as_deref(), Some(&b"GET / HTTP/1.1\r\n\r\n"[..]));
        assert_eq!(at(10), None);
    }
}
