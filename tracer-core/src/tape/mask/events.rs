//! Masks a stream of server-sent events as it comes, in its length.
//!
//! Shown are the names of the standard's fields, the names of events, and of the data what
//! [`JsonMask`] shows. Comments, ids and anything else are written as `x`.

use super::{
    json::{JsonMask, MASK},
    members::Members,
};

/// Fields that mean something; a byte order mark may stand before the first.
const FIELDS: [(&[u8], Field); 6] = [
    (b"data", Field::Data),
    (b"event", Field::Event),
    (b"id", Field::Other),
    (b"retry", Field::Other),
    (b"\xef\xbb\xbfdata", Field::Data),
    (b"\xef\xbb\xbfevent", Field::Event),
];
/// Bytes of the longest of them.
const FIELD_BYTES: usize = 8;
/// Bytes of an event's name that are shown at most.
const EVENT_BYTES: usize = 64;

/// Masks one stream.
#[derive(Debug)]
pub(super) struct EventMask {
    data: JsonMask,
    line: Line,
    /// The last byte was a CR: an LF that follows ends the same line.
    after_cr: bool,
    /// The event was hit by a loss: nothing more of it is shown.
    hidden: bool,
}

/// Where in a line the next byte stands.
#[derive(Debug, Clone, Copy)]
enum Line {
    /// In the name of a field, of which so many bytes were seen.
    Name {
        seen: [u8; FIELD_BYTES],
        length: usize,
    },
    /// In the value of a field, of which so many bytes were seen.
    Value { field: Field, seen: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Other,
}

impl Line {
    const START: Self = Self::Name {
        seen: [0; FIELD_BYTES],
        length: 0,
    };
    const HIDDEN: Self = Self::Value {
        field: Field::Other,
        seen: 1,
    };
}

impl EventMask {
    pub(super) fn new() -> Self {
        Self {
            data: JsonMask::new(Members::OfResponse),
            line: Line::START,
            after_cr: false,
            hidden: false,
        }
    }

    /// Appends as many bytes to `out` as it is given.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_cr) => out.push(b'\n'),
                b'\r' | b'\n' => {
                    self.after_cr = *byte == b'\r';
                    self.end_line();
                    out.push(*byte);
                }
                byte => {
                    self.after_cr = false;
                    self.in_line(*byte, out);
                }
            }
        }
    }

    /// Bytes were lost: the rest of the event is hidden.
    pub(super) const fn lose(&mut self) {
        self.hidden = true;
        self.line = Line::HIDDEN;
        self.after_cr = false;
        self.data.hide();
    }

    fn end_line(&mut self) {
        match self.line {
            Line::Name { length: 0, .. } => {
                self.hidden = false;
                self.data.reset();
            }
            Line::Value {
                field: Field::Data, ..
            } => {
                // Lines of data are joined by line feeds.
                let mut feed = Vec::with_capacity(1);
                self.data.feed(b"\n", &mut feed);
            }
            Line::Name { .. } | Line::Value { .. } => {}
        }
        self.line = Line::START;
    }

    fn in_line(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.line {
            Line::Name { seen, length } => out.push(self.name(seen, length, byte)),
            Line::Value { field, seen } => {
                self.line = Line::Value {
                    field,
                    seen: seen.saturating_add(1),
                };
                match field {
                    Field::Data => self.data.feed(&[byte], out),
                    Field::Event => {
                        let shown = byte == b' ' && seen == 0
                            || seen < EVENT_BYTES
                                && (byte.is_ascii_alphanumeric()
                                    || matches!(byte, b'.' | b'_' | b'-'));
                        out.push(if shown { byte } else { MASK });
                    }
                    Field::Other => out.push(MASK),
                }
            }
        }
    }

    fn name(&mut self, mut seen: [u8; FIELD_BYTES], length: usize, byte: u8) -> u8 {
        let name = seen.get(..length).unwrap_or_default();
        if byte == b':' {
            let field = FIELDS.iter().find(|(known, _)| *known == name);
            self.line = match field {
                Some((_, field)) if !self.hidden => Line::Value {
                    field: *field,
                    seen: 0,
                },
                _ => Line::HIDDEN,
            };
            return byte;
        }
        if let Some(place) = seen.get_mut(length) {
            *place = byte;
            let so_far = seen.get(..=length).unwrap_or_default();
            if FIELDS.iter().any(|(known, _)| known.starts_with(so_far)) {
                self.line = Line::Name {
                    seen,
                    length: length + 1,
                };
                return byte;
            }
        }
        self.line = Line::HIDDEN;
        MASK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(pieces: &[&str]) -> String {
        let mut mask = EventMask::new();
        let mut out = Vec::new();
        for piece in pieces {
            mask.feed(piece.as_bytes(), &mut out);
        }
        assert_eq!(out.len(), pieces.concat().len());
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn fields_and_shown_members_stay() {
        let stream = "\u{feff}event: message_start\r\ndata: {\"type\":\"message_start\",\"x\":\"secret\"}\r\n\r\n\
                      : secret\nid: secret\nsecret: secret\nsecret\ndata:{\"id\":\ndata:\"a\"}\n\ndata: secret\n\ndata: [DONE]\n\n";
        let expected = "\u{feff}event: message_start\r\ndata: {\"type\":\"message_start\",\"x\":\"xxxxxx\"}\r\n\r\n\
                        :xxxxxxx\nid:xxxxxxx\nxxxxxx: secret\nxxxxxx\ndata:{\"id\":\ndata:\"a\"}\n\ndata: xxxxxx\n\ndata: [DONE]\n\n"
            .replace("xxxxxx: secret", "xxxxxxxxxxxxxx");
        assert_eq!(masked(&[stream]), expected);
        for at in (4..stream.len()).filter(|at| stream.is_char_boundary(*at)) {
            let (head, tail) = stream.split_at(at);
            assert_eq!(masked(&[head, tail]), expected, "{at}");
        }
    }

    #[test]
    fn behind_a_loss_nothing_is_shown_up_to_the_next_event() {
        let mut mask = EventMask::new();
        let mut out = Vec::new();
        mask.feed(b"data: {\"x\":\"", &mut out);
        mask.lose();
        mask.feed(
            b"\"id\":\"secret\"}\ndata: {\"id\":\"secret\"}\n\ndata: {\"id\":\"a\"}\n\n",
            &mut out,
        );
        let out = String::from_utf8(out).expect("text");
        assert!(!out.contains("secret"), "{out}");
        assert!(out.ends_with("\n\ndata: {\"id\":\"a\"}\n\n"), "{out}");
    }
}
