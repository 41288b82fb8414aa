//! The bounds of the core: whatever a peer sends, memory and work stay below these.

/// Bounds for one connection. Over a bound an exchange degrades (`Truncated`, `Undecodable`); the
/// connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one request or response head; of a longer one the beginning is read, and no body.
    pub head_bytes: usize,
    /// Requests of one connection that wait for their response; beyond it the oldest is given up.
    pub open_exchanges: usize,
    /// Streams of one HTTP/2 connection that are open at once; beyond it the oldest is given up.
    pub streams: usize,
    /// Bytes that one body may grow to when its content coding is undone.
    pub decoded_bytes: u64,
    /// How many times its size a body may grow when its content coding is undone, once it is over
    /// a megabyte.
    pub decoded_ratio: u64,
    /// Bytes of one event in a stream of events; a longer one is skipped.
    pub event_bytes: usize,
}

/// Header lines of one head that are kept; of those behind them only what is needed to read the body.
pub const HEADER_COUNT: usize = 128;

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 256 << 10,
            open_exchanges: 64,
            streams: 512,
            decoded_bytes: 64 << 20,
            decoded_ratio: 256,
            event_bytes: 4 << 20,
        }
    }
}
