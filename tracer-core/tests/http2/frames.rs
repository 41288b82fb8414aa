//! Writes HTTP/2 as a plain peer would: frames, and header blocks with a dynamic table.

use std::collections::VecDeque;

/// What a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Frame types and flags, RFC 9113 section 6.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const PRIORITY: u8 = 32;

/// One frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A body, in frames of at most `size` bytes.
pub fn data(stream: u32, body: &[u8], size: usize) -> Vec<u8> {
    let mut frames = Vec::new();
    for piece in body.chunks(size) {
        frames.extend(frame(DATA, 0, stream, piece));
    }
    frames.extend(frame(DATA, END_STREAM, stream, b""));
    frames
}

/// One direction's header compression, without Huffman coding.
#[derive(Debug, Default)]
pub struct Compression {
    table: VecDeque<(String, String)>,
}

/// Entries of the static table that are used here.
const STATIC: [(u8, &str, &str); 8] = [
    (2, ":method", "GET"),
    (3, ":method", "POST"),
    (4, ":path", "/"),
    (7, ":scheme", "https"),
    (8, ":status", "200"),
    (13, ":status", "404"),
    (1, ":authority", ""),
    (31, "content-type", ""),
];
const FIRST_DYNAMIC: usize = 62;
const TABLE_BYTES: usize = 4096;

impl Compression {
    /// A header block, every field of which the table gets.
    pub fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for (name, value) in fields {
            self.field(&mut block, name, value);
        }
        block
    }

    /// A HEADERS frame.
    pub fn headers(&mut self, stream: u32, fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
        frame(HEADERS, END_HEADERS | flags, stream, &self.block(fields))
    }

    fn field(&mut self, block: &mut Vec<u8>, name: &str, value: &str) {
        let known = STATIC
            .iter()
            .find(|(_, n, v)| (*n, *v) == (name, value))
            .map(|(index, ..)| usize::from(*index))
            .or_else(|| {
                let same = |(n, v): &(String, String)| n == name && v == value;
                Some(self.table.iter().position(same)? + FIRST_DYNAMIC)
            });
        if let Some(index) = known {
            return integer(block, 0x80, 7, index);
        }
        let named = STATIC
            .iter()
            .find(|(_, n, _)| *n == name)
            .map(|(index, ..)| usize::from(*index))
            .or_else(|| Some(self.table.iter().position(|(n, _)| n == name)? + FIRST_DYNAMIC));
        integer(block, 0x40, 6, named.unwrap_or(0));
        if named.is_none() {
            string(block, name);
        }
        string(block, value);
        self.table.push_front((name.to_owned(), value.to_owned()));
        while self.bytes() > TABLE_BYTES {
            self.table.pop_back();
        }
    }

    fn bytes(&self) -> usize {
        let size = |(name, value): &(String, String)| name.len() + value.len() + 32;
        self.table.iter().map(size).sum()
    }
}

fn string(block: &mut Vec<u8>, text: &str) {
    integer(block, 0, 7, text.len());
    block.extend_from_slice(text.as_bytes());
}

/// RFC 7541 section 5.1.
fn integer(block: &mut Vec<u8>, mark: u8, bits: u32, value: usize) {
    let full = (1 << bits) - 1;
    if value < full {
        return block.push(mark | u8::try_from(value).expect("small"));
    }
    block.push(mark | u8::try_from(full).expect("small"));
    let mut rest = value - full;
    while rest >= 0x80 {
        block.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    block.push(u8::try_from(rest).expect("small"));
}
