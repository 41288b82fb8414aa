//! Go's `crypto/tls`: where its probes find their arguments, and how a call is told apart.

/// `recordTypeApplicationData` of `crypto/tls`: content type 23 of RFC 8446, section 5.1.
pub const APPLICATION_DATA: u8 = 23;

/// Distance of the end of a goroutine's stack (`stack.hi`) in `runtime.g`. Assembly of the runtime
/// and of cgo relies on it, so it has never moved.
pub const STACK_END: u64 = 8;

/// How far above the stack pointer at the entry of a function its caller leaves room for the
/// arguments that came in registers: behind the return address.
pub const SPILLED: u64 = 8;

/// A probe within `(*Conn).Read` at which the number of bytes read is in a register, and the
/// receiver and the buffer lie where the caller left room for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadPlace {
    /// Bytes from the stack pointer to the return address.
    pub frame: u16,
    /// Number of the register with the count, see [`REGISTERS`].
    pub count: u8,
}

/// Registers of x86-64 by the number that instructions give them: `rax` `rcx` `rdx` `rbx` `rsp`
/// `rbp` `rsi` `rdi`, `r8` to `r15`.
pub const REGISTERS: usize = 16;

/// An attach cookie of a probe on `crypto/tls`: which file is probed (bits 16 to 31, as in
/// [`crate::cookie::Cookie`]), and the [`ReadPlace`] (bits 32 to 51).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GoCookie(pub u64);

impl GoCookie {
    /// Packs both.
    pub const fn new(place: ReadPlace, source: u16) -> Self {
        Self((source as u64) << 16 | (place.frame as u64) << 32 | ((place.count & 15) as u64) << 48)
    }

    /// Where the probe sits.
    #[inline(always)]
    pub const fn place(self) -> ReadPlace {
        ReadPlace {
            frame: (self.0 >> 32) as u16,
            count: (self.0 >> 48 & 15) as u8,
        }
    }

    /// Number of the probed file, given by user space.
    #[inline(always)]
    pub const fn source(self) -> u16 {
        (self.0 >> 16) as u16
    }
}

/// Names a call of `(*Conn).Read` in progress. A goroutine changes threads while it waits, and its
/// stack may be moved, but neither its `runtime.g` nor a frame's distance from the end of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct GoCall {
    /// Thread group (process) in the root pid namespace.
    pub tgid: u32,
    /// Bytes from the stack pointer at the entry to the end of the stack.
    pub depth: u32,
    /// Address of the goroutine's `runtime.g`.
    pub goroutine: u64,
}

const _: () = assert!(size_of::<GoCall>() == 16);
