//! Counters of the kernel half, one per CPU, summed by user space.

/// Index into the per-CPU `COUNTERS` array.
///
/// What arrives is counted by the reader and calls on ignored connections in their state
/// ([`crate::conn::ConnState::ignored`]), so the usual paths pay nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Counter {
    /// Bytes of judged LLM connections beyond the cap: counted, not copied.
    CountedBytes = 0,
    /// Bytes of other connections beyond their head: not copied.
    SkippedBytes = 1,
    /// Bytes lost because the ring buffer was full.
    LostRingBytes = 2,
    /// Events lost because the ring buffer was full.
    LostRingEvents = 3,
    /// Bytes lost because the process's memory could not be read at that moment.
    LostFaultBytes = 4,
    /// Calls lost because the connection table had no room or had dropped the entry.
    LostStateCalls = 5,
    /// Bytes of sockets that moved where their buffer cannot be known: by `sendfile`, `splice`,
    /// `sendmmsg` or io_uring.
    LostBufferBytes = 6,
}

impl Counter {
    /// How many there are.
    pub const COUNT: u32 = 7;
    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT as usize] = [
        Self::CountedBytes,
        Self::SkippedBytes,
        Self::LostRingBytes,
        Self::LostRingEvents,
        Self::LostFaultBytes,
        Self::LostStateCalls,
        Self::LostBufferBytes,
    ];
}
