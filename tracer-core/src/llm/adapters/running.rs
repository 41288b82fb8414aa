//! Counts that run along: each chunk of a stream gives the tokens so far, and the last one those of
//! the answer.
//!
//! Only the last counts matter, and which ones these are is known when no more come. So the text of
//! the counts is kept, unread, until then. A chunk may leave members out which one before it had:
//! two texts that differ in nothing but digits have the same members, and where they differ in
//! more, the earlier one is read first.

/// Bytes of a text that is kept; a longer one is read as it comes.
const TEXT_BYTES: usize = 1 << 10;

/// The counts that came last.
#[derive(Debug, Default)]
pub(super) struct Running {
    text: Vec<u8>,
}

impl Running {
    /// None came yet.
    pub(super) const fn new() -> Self {
        Self { text: Vec::new() }
    }

    /// Takes the next counts: the text from their value on. Hands to `read` what has to be read now.
    pub(super) fn take(&mut self, counts: &[u8], mut read: impl FnMut(&[u8])) {
        if !differ_in_digits(&self.text, counts) {
            self.settle(&mut read);
        }
        if counts.len() > TEXT_BYTES {
            return read(counts);
        }
        self.text.clear();
        self.text.extend_from_slice(counts);
    }

    /// Hands what is left unread to `read`.
    pub(super) fn settle(&mut self, mut read: impl FnMut(&[u8])) {
        if !self.text.is_empty() {
            read(&self.text);
        }
        self.forget();
    }

    /// Drops what is left unread.
    pub(super) fn forget(&mut self) {
        self.text.clear();
    }
}

/// Whether two texts are the same but for digits in the same places.
fn differ_in_digits(one: &[u8], other: &[u8]) -> bool {
    // Without an early end, so that many bytes are compared at once.
    one.len() == other.len()
        && one.iter().zip(other).fold(true, |same, (a, b)| {
            same & ((a == b) | (a.is_ascii_digit() & b.is_ascii_digit()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(texts: &[&str]) -> Vec<String> {
        let mut running = Running::default();
        let mut seen = Vec::new();
        let mut read = |text: &[u8]| seen.push(String::from_utf8_lossy(text).into_owned());
        for text in texts {
            running.take(text.as_bytes(), &mut read);
        }
        running.settle(&mut read);
        running.settle(&mut read);
        seen
    }

    #[test]
    fn the_last_counts_are_read_and_those_before_other_members() {
        assert_eq!(
            read_of(&[r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]),
            [r#"{"a":3}"#]
        );
        assert_eq!(
            read_of(&[
                r#"{"a":9,"t":2}"#,
                r#"{"a":10}"#,
                r#"{"a":11}"#,
                r#"{"b":12}"#
            ]),
            [r#"{"a":9,"t":2}"#, r#"{"a":11}"#, r#"{"b":12}"#]
        );
        assert_eq!(read_of(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_long_text_is_read_at_once() {
        let long = format!(r#"{{"a":1,"b":"{}"}}"#, "x".repeat(TEXT_BYTES));
        assert_eq!(read_of(&["{}", &long, "{}"]), ["{}", &long, "{}"]);
    }
}
