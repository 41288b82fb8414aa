//! How a body that comes in pieces is cut into events.

use super::{
    event::Event, event_stream::EventStream, grpc::Grpc, json_array::JsonArray, ndjson::Ndjson,
    sse::Sse,
};
use crate::limits::Limits;

/// A parser of one of the framings in which answers are streamed.
#[derive(Debug)]
pub enum Framing {
    /// Server-sent events.
    Sse(Sse),
    /// Lines of JSON.
    Ndjson(Ndjson),
    /// A JSON array, written element by element.
    JsonArray(JsonArray),
    /// Amazon's binary frames.
    EventStream(EventStream),
    /// Messages of gRPC, of which only their number is told.
    Grpc(Grpc),
}

/// Does the same with the parser of any framing.
macro_rules! whichever {
    ($framing:expr, $parser:ident => $do:expr) => {
        match $framing {
            Self::Sse($parser) => $do,
            Self::Ndjson($parser) => $do,
            Self::JsonArray($parser) => $do,
            Self::EventStream($parser) => $do,
            Self::Grpc($parser) => $do,
        }
    };
}

/// In what an API streams its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamFormat {
    /// Server-sent events, or frames that their first byte tells from JSON.
    #[default]
    Events,
    /// Lines of JSON.
    Lines,
    /// A JSON array.
    Array,
}

/// What is known of a body before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// The `content-type` of the response, empty if it has none.
    pub content_type: &'a str,
    /// Its first byte that is not white space; `None` if that was lost.
    pub first: Option<u8>,
    /// What the request asked for, if for a stream.
    pub asked_for: Option<StreamFormat>,
}

impl Framing {
    /// The framing of a body; `None` for one that is to be read in one piece.
    ///
    /// The first byte decides where it can: servers answer with JSON where a stream was asked for,
    /// and send streams under other types. What was asked for tells streams of JSON from JSON; the
    /// content type settles the rest.
    ///
    /// Bias: a server that answers with one object where it should stream lines of them is read
    /// right only if that object is one line, as they all write it.
    pub fn of(signs: Signs<'_>, limits: &Limits) -> Option<Self> {
        let media_type = signs.media_type();
        let is_json = media_type == "application/json";
        let kind = match (signs.first, &*media_type) {
            // `data`, `event`, `id`, `retry` or a comment: no JSON text begins like this.
            (Some(b'd' | b'e' | b'i' | b'r' | b':'), _) => Kind::Sse,
            // It may have a byte order mark.
            (Some(b'{' | 0xef) | None, media_type) if is_ndjson(media_type) => Kind::Ndjson,
            (first, _) if first == Some(b'{') || (first.is_none() && is_json) => {
                match signs.asked_for {
                    Some(StreamFormat::Lines) => Kind::Ndjson,
                    Some(StreamFormat::Array) if first.is_none() => Kind::JsonArray,
                    _ => return None,
                }
            }
            (Some(b'['), _) if signs.asked_for == Some(StreamFormat::Array) => Kind::JsonArray,
            (Some(b'['), _) => return None,
            (_, "text/event-stream") => Kind::Sse,
            (_, "application/vnd.amazon.eventstream") => Kind::EventStream,
            (_, media_type) if media_type.starts_with("application/grpc") => Kind::Grpc,
            _ => return None,
        };
        Some(Self::new(kind, limits))
    }

    fn new(kind: Kind, limits: &Limits) -> Self {
        match kind {
            Kind::Sse => Self::Sse(Sse::new(limits)),
            Kind::Ndjson => Self::Ndjson(Ndjson::new(limits)),
            Kind::JsonArray => Self::JsonArray(JsonArray::new(limits)),
            Kind::EventStream => Self::EventStream(EventStream::new(limits)),
            Kind::Grpc => Self::Grpc(Grpc::default()),
        }
    }

    /// Takes the next bytes and reports each event that they complete.
    pub fn feed(&mut self, bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        whichever!(self, parser => parser.feed(bytes, on_event));
    }

    /// Bytes of the stream were lost: the event they belonged to is left out.
    pub fn gap(&mut self) {
        whichever!(self, parser => parser.gap());
    }

    /// The event that was under way when the stream ended, if it can be read.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        whichever!(self, parser => parser.finish())
    }

    /// Bytes held for the event under way.
    pub fn held(&self) -> usize {
        whichever!(self, parser => parser.held())
    }

    /// Gives them back: the event under way is left out.
    pub fn shed(&mut self) {
        whichever!(self, parser => parser.shed());
    }

    /// Events that were left out: too long, damaged, or hit by a loss.
    pub fn skipped(&self) -> u64 {
        whichever!(self, parser => parser.skipped())
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Sse,
    Ndjson,
    JsonArray,
    EventStream,
    Grpc,
}

/// The names under which lines of JSON go.
fn is_ndjson(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines"
            // The first version of Cohere.
            | "application/stream+json"
    )
}

impl Signs<'_> {
    /// Whether the content type says that there is nothing to read: sound, images or films.
    pub fn is_media(&self) -> bool {
        let media_type = self.media_type();
        ["audio/", "image/", "video/"]
            .iter()
            .any(|family| media_type.starts_with(family))
    }

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

    fn framing(
        content_type: &str,
        first: Option<u8>,
        asked_for: Option<StreamFormat>,
    ) -> &'static str {
        let signs = Signs {
            content_type,
            first,
            asked_for,
        };
        match Framing::of(signs, &Limits::default()) {
            None => "document",
            Some(Framing::Sse(_)) => "sse",
            Some(Framing::Ndjson(_)) => "ndjson",
            Some(Framing::JsonArray(_)) => "array",
            Some(Framing::EventStream(_)) => "event stream",
            Some(Framing::Grpc(_)) => "grpc",
        }
    }

    const EVENTS: Option<StreamFormat> = Some(StreamFormat::Events);
    const LINES: Option<StreamFormat> = Some(StreamFormat::Lines);
    const ARRAY: Option<StreamFormat> = Some(StreamFormat::Array);

    #[test]
    fn the_first_byte_speaks_before_the_content_type() {
        assert_eq!(framing("application/json", Some(b'd'), None), "sse");
        assert_eq!(framing("", Some(b':'), LINES), "sse");
        assert_eq!(framing("text/event-stream", Some(b'{'), EVENTS), "document");
        assert_eq!(framing("application/json", Some(b'n'), None), "document");
    }

    #[test]
    fn the_content_type_settles_the_rest() {
        for (content_type, first, expected) in [
            ("Text/Event-Stream; charset=utf-8", Some(0xef), "sse"),
            ("text/event-stream", None, "sse"),
            ("application/x-ndjson", Some(b'{'), "ndjson"),
            ("application/x-ndjson", Some(0xef), "ndjson"),
            ("application/jsonl ;charset=utf-8", None, "ndjson"),
            (
                "application/vnd.amazon.eventstream",
                Some(0),
                "event stream",
            ),
            ("application/vnd.amazon.eventstream", Some(b'{'), "document"),
            ("application/grpc+proto", Some(0), "grpc"),
            ("application/json", None, "document"),
        ] {
            assert_eq!(
                framing(content_type, first, None),
                expected,
                "{content_type}"
            );
        }
    }

    #[test]
    fn json_is_a_stream_where_one_was_asked_for() {
        let json = "application/json; charset=UTF-8";
        for content_type in [json, "", "text/plain", "text/event-stream"] {
            for (first, asked_for, expected) in [
                (b'[', None, "document"),
                (b'[', EVENTS, "document"),
                (b'[', ARRAY, "array"),
                (b'{', ARRAY, "document"),
                (b'{', LINES, "ndjson"),
                (b'[', LINES, "document"),
            ] {
                assert_eq!(framing(content_type, Some(first), asked_for), expected);
            }
        }
        assert_eq!(framing(json, None, ARRAY), "array");
        assert_eq!(framing(json, None, LINES), "ndjson");
        assert_eq!(framing("text/event-stream", None, LINES), "sse");
    }
}
