//! Headers of frames: RFC 6455 section 5.2.

use super::Sender;

/// The longest header: two bytes, a length of eight and a key of four.
const HEADER_BYTES: usize = 14;
/// Bytes that are unmasked at once.
const UNMASKED_BYTES: usize = 4 << 10;

/// A frame, as its header tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// The last frame of its message.
    pub(super) last: bool,
    /// The message is compressed.
    pub(super) compressed: bool,
    /// Bytes of the payload.
    pub(super) length: u64,
    pub(super) mask: Mask,
}

/// What a frame is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    /// The first frame of a message, text or binary.
    Message,
    Close,
    /// Ping or pong.
    Ping,
    /// None of the protocol, or against its rules.
    Reserved,
}

/// Gathers a header that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct HeaderBuffer {
    bytes: [u8; HEADER_BYTES],
    length: usize,
}

impl HeaderBuffer {
    /// Takes what the header still needs; returns what follows it.
    pub(super) fn feed<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while self.length < self.needed() {
            let (Some(place), Some((&byte, rest))) =
                (self.bytes.get_mut(self.length), bytes.split_first())
            else {
                break;
            };
            *place = byte;
            self.length += 1;
            bytes = rest;
        }
        bytes
    }

    /// The header, once it is complete.
    pub(super) fn header(&self) -> Option<Header> {
        (self.length == self.needed()).then(|| Header::parse(&self.bytes))
    }

    /// Bytes of the header as far as known.
    fn needed(&self) -> usize {
        if self.length < 2 {
            2
        } else {
            header_bytes(&self.bytes)
        }
    }
}

/// Bytes of the header that begins with these.
fn header_bytes(&[_, second, ..]: &[u8; HEADER_BYTES]) -> usize {
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let key = if second & 0x80 == 0 { 0 } else { 4 };
    2 + length + key
}

impl Header {
    /// Reads a whole header, with whatever behind it.
    fn parse(bytes: &[u8; HEADER_BYTES]) -> Self {
        let &[first, second, a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        let (length, key) = match second & 0x7f {
            126 => (u16::from_be_bytes([a, b]).into(), [c, d, e, f]),
            127 => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), [i, j, k, l]),
            length => (length.into(), [a, b, c, d]),
        };
        let masked = second & 0x80 != 0;
        let last = first & 0x80 != 0;
        let control = if last && length <= 125 {
            first & 0x7f
        } else {
            u8::MAX
        };
        Self {
            opcode: match (first & 0x7f, control) {
                _ if length >> 63 != 0 => Opcode::Reserved,
                (0x00, _) => Opcode::Continuation,
                // The first reserved bit marks a compressed message.
                (0x01 | 0x02 | 0x41 | 0x42, _) => Opcode::Message,
                (_, 0x08) => Opcode::Close,
                (_, 0x09 | 0x0a) => Opcode::Ping,
                _ => Opcode::Reserved,
            },
            last,
            compressed: first & 0x40 != 0,
            length,
            mask: Mask {
                key: if masked { key } else { [0; 4] },
                at: 0,
            },
        }
    }
}

/// The key that a payload is combined with, and how far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mask {
    /// Zero where there is none.
    key: [u8; 4],
    at: u64,
}

impl Mask {
    /// Passes over bytes.
    pub(super) fn skip(&mut self, bytes: u64) {
        self.at = self.at.wrapping_add(bytes);
    }

    /// Reports `masked` in plain, without a copy where nothing is masked.
    pub(super) fn apply(&mut self, masked: &[u8], on_plain: &mut dyn FnMut(&[u8])) {
        if self.key == [0; 4] {
            on_plain(masked);
            return self.skip(masked.len() as u64);
        }
        let mut buffer = [0; UNMASKED_BYTES];
        for piece in masked.chunks(UNMASKED_BYTES) {
            let Some(plain) = buffer.get_mut(..piece.len()) else {
                return;
            };
            plain.copy_from_slice(piece);
            self.combine(plain);
            on_plain(plain);
        }
    }

    fn combine(&mut self, bytes: &mut [u8]) {
        let mut key = self.key;
        key.rotate_left((self.at % 4) as usize);
        let wide = u64::from_ne_bytes([
            key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3],
        ]);
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        self.skip(bytes.len() as u64);
    }
}

impl HeaderBuffer {
    /// Who sends frames with the header that it holds.
    pub(super) const fn sender(&self) -> Sender {
        if self.bytes[1] & 0x80 == 0 {
            Sender::Server
        } else {
            Sender::Client
        }
    }

    /// The length of the payload is written as short as it can be.
    pub(super) const fn is_shortest(&self, header: &Header) -> bool {
        match self.bytes[1] & 0x7f {
            126 => header.length > 125,
            127 => header.length > u16::MAX as u64,
            _ => true,
        }
    }
}
