//! An answer before it is sent: status, headers, the pieces of its body, its ledger entry.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use hyper::body::Bytes;

use super::{asked::Asked, ledger::Entry};

/// A body as the pieces in which it is written: one buffer, cut at `ends`.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    ends: Vec<usize>,
}

impl Frames {
    /// Adds formatted text to the piece being written.
    pub fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // A vector takes everything.
        let _ = self.buffer.write_fmt(text);
    }

    /// Adds bytes as a piece.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        self.end();
    }

    /// Ends a piece.
    pub fn end(&mut self) {
        self.ends.push(self.buffer.len());
    }

    /// Adds one server-sent event without a name as a piece.
    pub fn event(&mut self, data: std::fmt::Arguments<'_>) {
        self.put(format_args!("data: {data}\n\n"));
        self.end();
    }

    /// Adds one named server-sent event as a piece.
    pub fn named_event(&mut self, name: &str, data: std::fmt::Arguments<'_>) {
        self.put(format_args!("event: {name}\ndata: {data}\n\n"));
        self.end();
    }

    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is there no piece?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Cuts a body that is one piece into several of about the same length.
    pub fn split(&mut self, pieces: usize) {
        let length = self.buffer.len();
        self.ends = (1..=pieces).map(|piece| length * piece / pieces).collect();
    }

    /// The pieces as bytes.
    pub fn into_pieces(self) -> Vec<Bytes> {
        cut(self.buffer, self.ends)
    }

    /// The pieces compressed with gzip, each flushed so that a reader can decode it at once.
    pub fn into_gzip_pieces(self) -> Vec<Bytes> {
        let mut encoder =
            GzEncoder::new(Vec::with_capacity(self.buffer.len()), Compression::fast());
        let mut ends = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for end in self.ends {
            // Writing to a vector cannot fail.
            let _ = encoder.write_all(&self.buffer[start..end]);
            let _ = encoder.flush();
            ends.push(encoder.get_ref().len());
            start = end;
        }
        let bytes = encoder.finish().unwrap_or_default();
        if let Some(last) = ends.last_mut() {
            *last = bytes.len();
        }
        cut(bytes, ends)
    }
}

fn cut(buffer: Vec<u8>, ends: Vec<usize>) -> Vec<Bytes> {
    let buffer = Bytes::from(buffer);
    let mut start = 0;
    ends.into_iter()
        .map(|end| buffer.slice(std::mem::replace(&mut start, end)..end))
        .collect()
}

/// What an API module fills in.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The request.
    pub asked: &'a Asked,
    /// Unique number of the exchange in hexadecimal, for ids.
    pub unique: &'a str,
    /// Planted in answers, tool arguments and error messages by privacy tests.
    pub secret: &'a str,
    /// The entry that goes to the ledger.
    pub entry: Entry,
    /// The body.
    pub frames: Frames,
}

impl Answer<'_> {
    /// Text of the `chunk`th of the answer's chunks.
    pub fn text(&self, chunk: usize) -> Text<'_> {
        let options = &self.asked.options;
        let chunks = if self.asked.stream { options.chunks } else { 1 };
        let length = options.text_bytes.map_or(0, |bytes| bytes.div_ceil(chunks));
        Text {
            chunk,
            length,
            secret: if chunk == 0 { self.secret } else { "" },
            is_judgement: options.judges,
        }
    }

    /// Id of the `index`th tool call.
    pub fn tool_id(&self, prefix: &str, index: usize) -> String {
        format!("{prefix}{}x{index}", self.unique)
    }

    /// Arguments of the `index`th tool call: a JSON object, escaped to stand in a JSON string. Tools
    /// of agents that people have get something harmless to do.
    pub fn tool_arguments(&self, index: usize) -> String {
        let members = self.asked.arguments.iter().map(|argument| {
            let value = match argument.as_str() {
                "command" | "cmd" => "sleep 0.2; echo done".to_owned(),
                "file_path" => "/etc/hostname".to_owned(),
                "prompt" => format!("n={} have a look", self.asked.n + 1),
                _ => format!("city number {index} {}", self.secret),
            };
            format!(r#"\"{argument}\":\"{value}\""#)
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// A piece of an answer's text, ready for a JSON string.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    chunk: usize,
    length: usize,
    secret: &'a str,
    is_judgement: bool,
}

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const FILLER: &str = "the quick brown fox jumps over the lazy dog and ";
        if self.is_judgement {
            let first = r#"{\"explanation\": \"It is so.\", \"label\": \"correct\"}"#;
            return f.write_str(if self.chunk == 0 { first } else { " " });
        }
        write!(f, " word{}{}", self.chunk, self.secret)?;
        let mut left = self.length;
        while left > 0 {
            let piece = left.min(FILLER.len());
            f.write_str(&FILLER[..piece])?;
            left -= piece;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_types, reason = "a few bytes of our own")]
    fn gzip_pieces_decode_to_the_same_text() {
        let mut frames = Frames::default();
        frames.event(format_args!("one"));
        frames.event(format_args!("two"));
        let mut text = String::new();
        let bytes = frames.into_gzip_pieces().concat();
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, "data: one\n\ndata: two\n\n");
    }

    #[test]
    fn a_split_body_keeps_its_bytes() {
        let mut frames = Frames::default();
        frames.put(format_args!("0123456789"));
        frames.end();
        frames.split(3);
        let pieces = frames.into_pieces();
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces.concat(), b"0123456789");
    }
}
