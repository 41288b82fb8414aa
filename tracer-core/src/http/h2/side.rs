//! What is known of one direction: its frames, its header table and the block under way.

use super::{fields::Fields, frame::FrameHeader, frame::FrameKind, reader::FrameReader};
use crate::{
    http::{
        allow_list::AllowList,
        hpack::{Decoder, Item, Keep},
    },
    limits::Limits,
    time::Timestamp,
};

/// RFC 9113 section 6.5.2.
const SETTINGS_MAX_FRAME_SIZE: u16 = 5;

/// One direction.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) reader: FrameReader,
    hpack: Decoder,
    block: Option<Box<Block>>,
    /// Frames were lost, but no header block, if this stream is the next to be opened.
    next_if_whole: Option<u32>,
    numbers: Numbers,
}

/// A header block under way.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) stream: u32,
    pub(super) ends_stream: bool,
    /// When its first byte came.
    pub(super) started: Timestamp,
    pub(super) fields: Fields,
    /// It announces a request that the server makes up.
    is_promise: bool,
    /// Nothing can be made of what is still to come.
    is_broken: bool,
}

/// What a frame about the connection says, as far as it matters.
#[derive(Debug, Default)]
struct Numbers {
    bytes: [u8; 6],
    filled: usize,
}

impl Side {
    /// The client's direction from its beginning.
    pub(super) fn at_preface() -> Self {
        Self::with(FrameReader::at_preface(), Decoder::new())
    }

    /// The server's direction from its beginning.
    pub(super) fn at_first_frame() -> Self {
        Self::with(FrameReader::at_frame(), Decoder::new())
    }

    /// A direction of which a frame comes next, and others have come before.
    pub(super) fn at_some_frame() -> Self {
        Self::with(FrameReader::at_some_frame(), Decoder::attached())
    }

    /// A direction of which anything may come next.
    pub(super) fn adrift() -> Self {
        Self::with(FrameReader::adrift(), Decoder::attached())
    }

    fn with(reader: FrameReader, hpack: Decoder) -> Self {
        Self {
            reader,
            hpack,
            block: None,
            next_if_whole: None,
            numbers: Numbers::default(),
        }
    }

    /// What comes next is unknown, and what was added to the header table; nothing was if the next
    /// stream that is opened is `next`.
    pub(super) fn drift(&mut self, next: Option<u32>) {
        self.reader.drift();
        self.next_if_whole = next.filter(|_| self.block.is_none());
        if self.next_if_whole.is_none() {
            self.hpack.forget();
        }
        self.block = None;
    }

    /// A header block of the direction was lost, it turns out.
    pub(super) fn lose_block(&mut self) {
        self.next_if_whole = None;
        self.hpack.forget();
    }

    /// Memory held for what is under way.
    pub(super) fn held(&self) -> usize {
        let block = self.block.as_ref().map_or(0, |block| block.fields.bytes);
        self.reader.held() + block
    }

    /// Gives it back: what may be frames is passed over, and the block under way is not read.
    pub(super) fn shed(&mut self) {
        if self.reader.held() > 0 {
            self.reader.drift();
        }
        if let Some(block) = &mut self.block {
            block.fields = Fields::default();
            self.break_block();
        }
    }

    pub(super) fn begin_frame(&mut self, frame: &FrameHeader) {
        self.numbers = Numbers::default();
        if frame.carries_block()
            && let Some(next) = self.next_if_whole.take()
        {
            // The end of a stream in its first frame may be that of trailers.
            let opens = frame.kind == FrameKind::Headers && !frame.ends_stream();
            if frame.stream != next || !opens {
                self.hpack.forget();
            }
        }
        let continued = self
            .block
            .as_ref()
            .is_some_and(|block| frame.is_continuation() && block.stream == frame.stream);
        if !continued && (self.block.take().is_some() || frame.is_continuation()) {
            self.hpack.forget();
        }
        if matches!(frame.kind, FrameKind::Headers | FrameKind::PushPromise) {
            self.block = Some(Box::new(Block {
                stream: frame.stream,
                ends_stream: frame.ends_stream(),
                started: self.reader.started,
                fields: Fields::default(),
                is_promise: frame.kind == FrameKind::PushPromise,
                is_broken: false,
            }));
        }
        if let Some(block) = &mut self.block {
            block.fields.wire_bytes += frame.wire_bytes();
        }
    }

    /// Bytes of the block under way.
    pub(super) fn block_bytes(&mut self, bytes: &[u8], allow_list: &AllowList, limits: &Limits) {
        let Some(block) = self.block.as_mut().filter(|block| !block.is_broken) else {
            return;
        };
        let fields = &mut block.fields;
        let mut on_item = |item: Item<'_>| fields.add(item, allow_list, limits.head_bytes);
        let read = self
            .hpack
            .decode(bytes, Keep::Listed(allow_list), &mut on_item);
        if read.is_err() {
            self.break_block();
        }
    }

    /// Some of the block under way was lost or makes no sense.
    pub(super) fn break_block(&mut self) {
        self.hpack.forget();
        if let Some(block) = &mut self.block {
            block.is_broken = true;
            block.fields.unknown = block.fields.unknown.saturating_add(1);
        }
    }

    /// The block under way is complete; `None` if nobody needs it.
    pub(super) fn end_block(&mut self) -> Option<Box<Block>> {
        let whole = self.block.as_ref()?.is_broken || self.hpack.end().is_ok();
        if !whole {
            self.break_block();
        }
        self.block.take().filter(|block| !block.is_promise)
    }

    /// Bytes of settings; returns the largest payload that the side takes, if they say so.
    pub(super) fn settings(&mut self, bytes: &[u8]) -> Option<u32> {
        let mut max_length = None;
        for byte in bytes {
            if let Some([high, low, value @ ..]) = self.numbers.push(*byte) {
                if u16::from_be_bytes([high, low]) == SETTINGS_MAX_FRAME_SIZE {
                    max_length = Some(u32::from_be_bytes(value));
                }
                self.numbers = Numbers::default();
            }
        }
        max_length
    }

    /// Bytes of the frame that says that the connection ends.
    pub(super) fn go_away(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.numbers.push(*byte);
        }
    }

    /// The last stream that such a frame said was taken.
    pub(super) fn last_stream(&self) -> Option<u32> {
        let [a, b, c, d, ..] = self.numbers.bytes;
        (self.numbers.filled >= 4).then(|| u32::from_be_bytes([a & 0x7f, b, c, d]))
    }
}

impl Numbers {
    /// Takes a byte if there is room; returns all once they are full.
    fn push(&mut self, byte: u8) -> Option<[u8; 6]> {
        *self.bytes.get_mut(self.filled)? = byte;
        self.filled += 1;
        (self.filled == self.bytes.len()).then_some(self.bytes)
    }
}
