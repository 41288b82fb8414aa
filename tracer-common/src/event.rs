//! What travels through the ring buffer: a header and, for data, the bytes behind it.

/// Kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// Plaintext that a call moved, or the size alone where it was only counted.
    Data = 1,
    /// The TLS object ended its life.
    Close = 2,
    /// The process said goodbye on the connection; more may still be read.
    Shutdown = 3,
    /// A socket moved bytes, and its ends follow: by a thread that lately used a connection whose socket
    /// is wanted, or for that connection if there is a handle.
    Socket = 4,
}

/// Head of every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct EventHeader {
    /// When the call returned, monotonic nanoseconds.
    pub time: u64,
    /// See [`crate::conn::ConnKey`].
    pub handle: u64,
    /// Of a connection: see [`crate::conn::ConnState`]. Socket without a connection: `since` of the
    /// thread's [`crate::watch::Watch`].
    pub generation: u64,
    /// Data: offset of the first byte in its direction. Socket: its address in the kernel. Else: bytes
    /// written in all.
    pub offset: u64,
    /// Data: bytes of the call that follow this piece and were not copied. Socket: bytes that it moved.
    /// Else: bytes read in all.
    pub rest: u64,
    /// Thread group (process) in the root pid namespace.
    pub tgid: u32,
    /// Thread.
    pub tid: u32,
    /// Data and socket: bytes behind the header. Else: calls seen since the connection was
    /// judged not to be LLM traffic.
    pub len: u32,
    /// Socket: `seen` of the same. Else: turns from reading to writing so far.
    pub turn: u32,
    /// An [`EventKind`] as its number.
    pub kind: u8,
    /// [`crate::conn::OUTBOUND`] or [`crate::conn::INBOUND`].
    pub direction: u8,
    /// Socket: `left` of the same. Else: which probed file the connection's first call went through, see
    /// [`crate::cookie`].
    pub source: u16,
    /// Zero.
    pub zero: [u8; 4],
}

/// Size of the header.
pub const HEADER_LEN: usize = size_of::<EventHeader>();

/// Capacity for plaintext of the record sizes that the kernel half reserves.
///
/// The ring buffer reserves constant sizes only; steps of two waste at most half a record and
/// spare the second copy that a variable-size output would cost.
pub const CAPACITIES: [usize; 7] = [192, 448, 960, 1984, 4032, 8128, PIECE];

/// Longest piece of one event; a longer buffer becomes several events.
pub const PIECE: usize = 16384;

/// Most pieces of one call; the rest is counted.
pub const MAX_PIECES: usize = 256;

const _: () = assert!(HEADER_LEN == 64);
