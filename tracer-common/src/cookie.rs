//! What a probe is told about the place it sits at, through the attach cookie.

/// An attach cookie: how to find the count (low byte), which file is probed (bits 16 to 31), and
/// where the arguments of a finished read are (bits 32 to 47).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cookie(pub u64);

/// How a probe finds the number of bytes that a successful call moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CountFrom {
    /// The return value is the count, when positive.
    Return = 0,
    /// The return value is the count, when positive; but with [`PR_MSG_PEEK`] in the fourth argument
    /// nothing is consumed.
    ReturnUnlessPeeked = 3,
    /// The fourth argument points to a `size_t`, valid when the return value is positive.
    FourthArgument = 4,
    /// The fifth argument points to a `size_t`, valid when the return value is positive.
    FifthArgument = 5,
}

/// Flag of reads of NSPR (`prio.h`) that leaves the bytes to be read again.
pub const PR_MSG_PEEK: u32 = 2;

/// A register that calls preserve, as a probe behind a call finds the arguments in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SavedRegister {
    /// `rbx`.
    Rbx = 0,
    /// `rbp`.
    Rbp = 1,
    /// `r12`.
    R12 = 2,
    /// `r13`.
    R13 = 3,
    /// `r14`.
    R14 = 4,
    /// `r15`.
    R15 = 5,
}

/// Where the arguments of a read are when its result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadRegisters {
    /// The TLS object.
    pub object: SavedRegister,
    /// The caller's buffer.
    pub buffer: SavedRegister,
    /// Pointer to the `size_t` that holds the number of bytes read.
    pub count: SavedRegister,
    /// Not 0 if the call only peeks; nothing where no call does.
    pub peek: Option<SavedRegister>,
}

/// Values that a [`SavedRegister`] can select, and 0 for what is in none.
pub type SavedValues = [u64; 8];

/// Selects the 0 of [`SavedValues`].
const NO_REGISTER: u8 = 6;

impl Cookie {
    /// For a probe behind a read.
    pub const fn of_read(registers: ReadRegisters, source: u16) -> Self {
        let peek = match registers.peek {
            Some(register) => register as u8,
            None => NO_REGISTER,
        };
        Self(
            (source as u64) << 16
                | (registers.object as u64) << 32
                | (registers.buffer as u64) << 36
                | (registers.count as u64) << 40
                | (peek as u64) << 44,
        )
    }

    /// The TLS object of a finished read.
    #[inline(always)]
    pub const fn object(self, values: &SavedValues) -> u64 {
        values[(self.0 >> 32 & 7) as usize]
    }

    /// The buffer of a finished read.
    #[inline(always)]
    pub const fn buffer(self, values: &SavedValues) -> u64 {
        values[(self.0 >> 36 & 7) as usize]
    }

    /// Where the count of a finished read is.
    #[inline(always)]
    pub const fn count(self, values: &SavedValues) -> u64 {
        values[(self.0 >> 40 & 7) as usize]
    }

    /// Whether the finished read only peeked; an `int`.
    #[inline(always)]
    pub const fn peeks(self, values: &SavedValues) -> bool {
        values[(self.0 >> 44 & 7) as usize] as u32 != 0
    }

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
