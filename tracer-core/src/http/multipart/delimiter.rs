//! The line that separates parts.

use memchr::memchr;

/// Finds `CR LF -- boundary` in bytes that come in pieces.
///
/// A CR stands only at its beginning, so a match that fails can begin again no earlier than at the
/// byte at which it failed.
#[derive(Debug)]
pub(super) struct Delimiter {
    pattern: Box<[u8]>,
    /// How much of it was seen.
    matched: usize,
}

/// Before the first part the line break may be missing.
const LINE_BREAK: usize = 2;

impl Delimiter {
    /// Before the first part.
    pub(super) fn new(boundary: &str) -> Self {
        Self {
            pattern: format!("\r\n--{boundary}").into_bytes().into(),
            matched: LINE_BREAK,
        }
    }

    /// What was seen before no longer counts.
    pub(super) fn restart(&mut self) {
        self.matched = 0;
    }

    /// Reports what stands before the delimiter; returns what follows it.
    pub(super) fn find<'a>(
        &mut self,
        bytes: &'a [u8],
        on_content: &mut impl FnMut(&[u8]),
    ) -> Option<&'a [u8]> {
        let mut rest = bytes;
        loop {
            if self.matched == 0 {
                let Some(at) = memchr(b'\r', rest) else {
                    on_content(rest);
                    return None;
                };
                let (content, after) = rest.split_at_checked(at)?;
                on_content(content);
                rest = after.get(1..)?;
                self.matched = 1;
            }
            while let Some(expected) = self.pattern.get(self.matched) {
                let (byte, after) = rest.split_first()?;
                if byte != expected {
                    break;
                }
                self.matched += 1;
                rest = after;
            }
            let matched = std::mem::take(&mut self.matched);
            if matched == self.pattern.len() {
                return Some(rest);
            }
            on_content(self.pattern.get(..matched).unwrap_or_default());
        }
    }
}
