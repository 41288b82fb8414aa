//! What enters the core: pieces of plaintext with their place in a connection.

use crate::time::Timestamp;

/// A process, as the capture side numbers them: one value per (pid, start time), never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey(pub u64);

/// One life of one TLS object (or socket) in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    /// Whose connection.
    pub process: ProcessKey,
    /// Address of the TLS object, or that of the socket in the kernel; reused over time.
    pub handle: u64,
    /// Tells the lives of a reused handle apart.
    pub generation: u64,
}

impl ConnectionId {
    /// Whether it is a socket, whose bytes went without TLS: addresses in the kernel have their
    /// highest bit set, those in a process never.
    pub const fn is_socket(&self) -> bool {
        self.handle >> 63 != 0
    }
}

/// Seen from the observed process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The process wrote it.
    Outbound,
    /// The process read it.
    Inbound,
}

impl Direction {
    /// The other one.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Outbound => Self::Inbound,
            Self::Inbound => Self::Outbound,
        }
    }
}

/// Bytes that one successful read or write carried, or a piece of them.
///
/// Offsets are absolute per connection and direction and count every byte that the process moved,
/// copied or not, so a loss shows as a jump. Segments of one direction arrive in order of offset;
/// the two directions interleave in order of time.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Where it belongs.
    pub connection: ConnectionId,
    /// Which way it went.
    pub direction: Direction,
    /// Offset of the first byte in its direction.
    pub offset: u64,
    /// When the read or write returned.
    pub time: Timestamp,
    /// How often this connection had turned from reading to writing, counted in the kernel
    /// where nothing is lost: on HTTP/1.1 without pipelining, the number of the exchange.
    pub turn: u32,
    /// The plaintext.
    pub bytes: &'a [u8],
}

impl Segment<'_> {
    /// How and when it came, without the bytes.
    pub const fn arrival(&self) -> Arrival {
        Arrival {
            direction: self.direction,
            time: self.time,
            turn: self.turn,
        }
    }
}

/// How and when bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which way they went.
    pub direction: Direction,
    /// When the read or write returned.
    pub time: Timestamp,
    /// The turn of the connection, see [`Segment::turn`].
    pub turn: u32,
}

/// What the kernel knew of a connection when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FinalCounts {
    /// Bytes the process wrote in all.
    pub outbound: u64,
    /// Bytes the process read in all.
    pub inbound: u64,
    /// Turns from reading to writing.
    pub turns: u32,
}
