//! Newline-delimited JSON (`application/x-ndjson`, `application/jsonl`): one value a line.
//!
//! JSON escapes line feeds within strings, so every line feed ends a line and after a loss the
//! next line is whole. Blank lines are nothing; the last line may lack its end.

use memchr::memchr;

use super::{event::Event, held::Held};
use crate::limits::Limits;

/// An incremental parser of one stream of lines.
#[derive(Debug)]
pub struct Ndjson {
    held: Held,
}

impl Ndjson {
    /// A parser at the beginning of a stream.
    pub fn new(limits: &Limits) -> Self {
        Self {
            held: Held::new(limits.event_bytes),
        }
    }

    /// Takes the next bytes and reports each line that ended.
    pub fn feed(&mut self, mut bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            bytes = rest.get(1..).unwrap_or_default();
            let left_out = self.held.skipped();
            if let Some(event) = self.held.complete(line).and_then(event) {
                on_event(event.behind(left_out));
            }
            self.held.release();
        }
        self.held.extend(bytes);
    }

    /// Bytes of the stream were lost: drops the line they belonged to and goes on with the next.
    pub fn gap(&mut self) {
        self.held.skip();
    }

    /// The line that was under way when the stream ended. It need not be whole.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        let left_out = self.held.skipped();
        let event = self.held.finish().and_then(event)?;
        Some(event.behind(left_out))
    }

    /// Bytes held for the line under way.
    pub fn held(&self) -> usize {
        self.held.memory()
    }

    /// Gives them back: the line under way is left out.
    pub fn shed(&mut self) {
        self.held.shed();
    }

    /// Lines that were left out: too long, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        self.held.skipped()
    }
}

fn event(line: &[u8]) -> Option<Event<'_>> {
    let data = line.trim_ascii();
    (!data.is_empty()).then_some(Event {
        data,
        ..Event::default()
    })
}

/// Any bytes in pieces of any size, with losses between them.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_ndjson(data: &[u8]) {
    super::fuzz::any_split(data, |limits| {
        super::framing::Framing::Ndjson(Ndjson::new(limits))
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(stream: &[u8], size: usize) -> (Vec<String>, Option<String>) {
        let text = |event: Event<'_>| String::from_utf8_lossy(event.data).into_owned();
        let mut parser = Ndjson::new(&Limits::default());
        let mut lines = Vec::new();
        for piece in stream.chunks(size) {
            parser.feed(piece, &mut |event| lines.push(text(event)));
        }
        (lines, parser.finish().map(text))
    }

    #[test]
    fn a_line_is_an_event() {
        let stream = b"{\"a\":1}\n\r\n  {\"b\":\"\\n\"}\r\n\n{\"c\":3}";
        for size in 1..=stream.len() {
            let (events, left) = lines(stream, size);
            assert_eq!(
                events,
                [r#"{"a":1}"#, r#"{"b":"\n"}"#],
                "in pieces of {size}"
            );
            assert_eq!(left.as_deref(), Some(r#"{"c":3}"#));
        }
    }

    #[test]
    fn a_line_within_a_piece_is_not_copied() {
        let stream = b"{\"a\":1}\n";
        Ndjson::new(&Limits::default()).feed(stream, &mut |event| {
            assert!(std::ptr::eq(event.data, &stream[..7]));
        });
    }

    #[test]
    fn a_line_over_the_bound_or_hit_by_a_loss_is_counted() {
        let limits = Limits {
            event_bytes: 8,
            ..Limits::default()
        };
        let mut parser = Ndjson::new(&limits);
        let mut events = 0;
        parser.feed(b"{\"long\":1}\n{}\n{\"a", &mut |_| events += 1);
        parser.gap();
        parser.feed(b"lost}\n{}\n", &mut |_| events += 1);
        assert_eq!((events, parser.skipped()), (2, 2));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b' '), any::<u8>()], 0..300,
        )) {
            fuzz_ndjson(&bytes);
        }
    }
}
