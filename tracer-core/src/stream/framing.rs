//! How a body that comes in pieces is cut into events.

use super::{event::Event, sse::Sse};
use crate::limits::Limits;

/// A parser of one of the framings in which answers are streamed.
#[derive(Debug)]
pub enum Framing {
    /// Server-sent events.
    Sse(Sse),
}

/// What is known of a body before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// The `content-type` of the response, empty if it has none.
    pub content_type: &'a str,
    /// Its first byte that is not white space.
    pub first: u8,
    /// The request asked for a stream, as far as its path tells.
    pub asked_for: bool,
}

impl Framing {
    /// The framing of a body; `None` for one that is to be read in one piece.
    ///
    /// The first byte decides where it can: servers answer with JSON where a stream was asked for,
    /// and send streams under other types. The content type settles the rest.
    pub fn of(signs: Signs<'_>, limits: &Limits) -> Option<Self> {
        match (signs.first, &*signs.media_type()) {
            // `data`, `event`, `id`, `retry` or a comment: no JSON text begins like this.
            (b'd' | b'e' | b'i' | b'r' | b':', _) => Some(Self::Sse(Sse::new(limits))),
            (b'{' | b'[', _) => None,
            (_, "text/event-stream") => Some(Self::Sse(Sse::new(limits))),
            _ => None,
        }
    }

    /// Takes the next bytes and reports each event that they complete.
    pub fn feed(&mut self, bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        match self {
            Self::Sse(parser) => parser.feed(bytes, on_event),
        }
    }

    /// Bytes of the stream were lost: the event they belonged to is left out.
    pub fn gap(&mut self) {
        match self {
            Self::Sse(parser) => parser.gap(),
        }
    }

    /// The event that was under way when the stream ended, if it can be read.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        match self {
            Self::Sse(parser) => parser.finish(),
        }
    }

    /// Events that were left out: too long, damaged, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        match self {
            Self::Sse(parser) => parser.skipped(),
        }
    }
}

impl Signs<'_> {
    /// The content type without its parameters, in lower case.
    fn media_type(&self) -> String {
        let (media_type, _) = self
            .content_type
            .split_once(';')
            .unwrap_or((self.content_type, ""));
        media_type.trim_ascii().to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_stream(content_type: &str, first: u8) -> bool {
        let signs = Signs {
            content_type,
            first,
            asked_for: false,
        };
        Framing::of(signs, &Limits::default()).is_some()
    }

    #[test]
    fn the_first_byte_speaks_before_the_content_type() {
        assert!(is_stream("application/json", b'd'));
        assert!(is_stream("", b':'));
        assert!(!is_stream("text/event-stream", b'{'));
        assert!(is_stream("Text/Event-Stream; charset=utf-8", 0xef));
        assert!(!is_stream("application/json", b'n'));
    }
}
