//! What user space decides about a connection, as the kernel half reads it.

/// The kernel half's reading of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KernelVerdict {
    /// Not judged yet: a bounded head of the connection is forwarded.
    Unknown = 0,
    /// Nothing is forwarded any more; one map look-up a call.
    Ignore = 1,
    /// A bounded head of each turn is forwarded.
    HeadOnly = 2,
    /// All of each turn, up to the cap; beyond it only sizes and times.
    Full = 3,
}

/// An entry of the `VERDICTS` map, written by user space alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct VerdictEntry {
    /// The generation it was meant for; ignored for any other.
    pub generation: u64,
    /// Bytes to forward per turn, per direction.
    pub caps: [u32; 2],
    /// A [`KernelVerdict`] as its number.
    pub verdict: u32,
    /// A `watch::SocketSearch` as its number.
    pub socket: u32,
}

const _: () = assert!(size_of::<VerdictEntry>() == 24);
