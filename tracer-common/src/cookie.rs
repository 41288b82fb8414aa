//! What a probe is told about the place it sits at, through the attach cookie.

/// An attach cookie: how to find the count (low byte) and which file is probed (bits 16 to 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cookie(pub u64);

/// How a probe finds the number of bytes that a successful call moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CountFrom {
    /// The return value is the count, when positive.
    Return = 0,
    /// The fourth argument points to a `size_t`, valid when the return value is positive.
    FourthArgument = 4,
    /// The fifth argument points to a `size_t`, valid when the return value is positive.
    FifthArgument = 5,
}

impl Cookie {
    /// Packs both.
    pub const fn new(count: CountFrom, source: u16) -> Self {
        Self(count as u64 | (source as u64) << 16)
    }

    /// Whether the count is found there.
    #[inline(always)]
    pub const fn counts_from(self, count: CountFrom) -> bool {
        self.0 as u8 == count as u8
    }

    /// Number of the probed file, given by user space.
    #[inline(always)]
    pub const fn source(self) -> u16 {
        (self.0 >> 16) as u16
    }
}
