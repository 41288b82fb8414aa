//! Frame headers, RFC 9113 sections 4.1 and 6.

/// Bytes of a frame header.
pub(super) const HEADER_BYTES: usize = 9;
/// The largest payload that is allowed unless a peer says otherwise.
pub(super) const USUAL_MAX_LENGTH: u32 = 1 << 14;
/// The largest payload that a length can say.
pub(super) const LARGEST_LENGTH: u32 = (1 << 24) - 1;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// Bytes of the payload.
    pub(super) length: u32,
    pub(super) kind: FrameKind,
    flags: u8,
    /// 0 for the connection as a whole.
    pub(super) stream: u32,
    /// The bit before the stream, which means nothing, is set.
    reserved: bool,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// An extension, to be passed over.
    Other,
}

impl FrameHeader {
    pub(super) fn parse(bytes: [u8; HEADER_BYTES]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = bytes;
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind: FrameKind::of(kind),
            flags,
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
            reserved: s0 & 0x80 != 0,
        }
    }

    /// Bytes of the whole frame.
    pub(super) fn wire_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.length)
    }

    pub(super) const fn ends_stream(&self) -> bool {
        matches!(self.kind, FrameKind::Data | FrameKind::Headers) && self.flags & END_STREAM != 0
    }

    pub(super) const fn ends_headers(&self) -> bool {
        self.carries_block() && self.flags & END_HEADERS != 0
    }

    pub(super) const fn is_ack(&self) -> bool {
        self.flags & ACK != 0
    }

    /// A header block, or a part of one, is in it.
    pub(super) const fn carries_block(&self) -> bool {
        use FrameKind::{Continuation, Headers, PushPromise};
        matches!(self.kind, Headers | PushPromise | Continuation)
    }

    pub(super) const fn is_continuation(&self) -> bool {
        matches!(self.kind, FrameKind::Continuation)
    }

    pub(super) const fn is_padded(&self) -> bool {
        use FrameKind::{Data, Headers, PushPromise};
        matches!(self.kind, Data | Headers | PushPromise) && self.flags & PADDED != 0
    }

    /// Bytes between the length of the padding and what the frame carries: a priority, the number of
    /// a promised stream.
    pub(super) const fn preamble(&self) -> u8 {
        match self.kind {
            FrameKind::Headers if self.flags & PRIORITY != 0 => 5,
            FrameKind::PushPromise => 4,
            _ => 0,
        }
    }

    /// Whether a peer that keeps to the protocol may send it; `max` bytes of payload are allowed.
    pub(super) const fn is_legal(&self, max: u32) -> bool {
        use FrameKind::{
            Continuation, Data, GoAway, Headers, Other, Ping, Priority, PushPromise, RstStream,
            Settings, WindowUpdate,
        };
        let shape = match self.kind {
            Data | Headers | Continuation | PushPromise => self.stream != 0,
            Priority => self.stream != 0 && self.length == 5,
            RstStream => self.stream != 0 && self.length == 4,
            Settings if self.is_ack() => self.stream == 0 && self.length == 0,
            Settings => self.stream == 0 && self.length.is_multiple_of(6),
            Ping => self.stream == 0 && self.length == 8,
            GoAway => self.stream == 0 && self.length >= 8,
            WindowUpdate => self.length == 4,
            Other => true,
        };
        let preamble = self.preamble() as u32 + self.is_padded() as u32;
        shape && self.length <= max && self.length >= preamble
    }

    /// Whether it is likely to be a frame header at all, where nothing else says so. Bias: towards
    /// no. Frames that clients of models and their servers do not send are taken for payload:
    /// extensions, pushed streams, flags and bits without a meaning, empty data that ends nothing.
    pub(super) const fn is_plausible(&self, max: u32) -> bool {
        use FrameKind::{
            Continuation, Data, Headers, Other, Ping, PushPromise, RstStream, Settings,
        };
        let flags = match self.kind {
            Data => END_STREAM | PADDED,
            Headers => END_STREAM | END_HEADERS | PADDED | PRIORITY,
            Settings | Ping => ACK,
            Continuation => END_HEADERS,
            _ => 0,
        };
        let sense = match self.kind {
            Data => self.length > 0 || self.ends_stream(),
            Headers => self.length > 0,
            Settings => self.length > 0 || self.is_ack(),
            PushPromise | Other => false,
            _ => true,
        };
        let by_client = match self.kind {
            Data | Headers | Continuation | RstStream => self.stream % 2 == 1,
            _ => true,
        };
        self.is_legal(max) && self.flags & !flags == 0 && !self.reserved && sense && by_client
    }

    /// Whether `next` may come right behind it.
    pub(super) const fn may_precede(&self, next: &Self) -> bool {
        let continued = self.carries_block() && !self.ends_headers();
        let continues = next.is_continuation();
        continued == continues && (!continues || self.stream == next.stream)
    }
}

impl FrameKind {
    const fn of(kind: u8) -> Self {
        match kind {
            0x0 => Self::Data,
            0x1 => Self::Headers,
            0x2 => Self::Priority,
            0x3 => Self::RstStream,
            0x4 => Self::Settings,
            0x5 => Self::PushPromise,
            0x6 => Self::Ping,
            0x7 => Self::GoAway,
            0x8 => Self::WindowUpdate,
            0x9 => Self::Continuation,
            _ => Self::Other,
        }
    }
}
