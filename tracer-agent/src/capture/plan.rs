//! Where to probe one binary, and how to read its arguments there.

use std::fmt;

use tracer_common::cookie::ReadRegisters;

/// Everything to attach to one file (library or executable).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePlan {
    /// What the file offers.
    pub family: TlsFamily,
    /// Points to attach, at most one per role and function.
    pub points: Vec<ProbePoint>,
}

/// Which TLS implementation a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFamily {
    /// OpenSSL (1.1 or 3.x) or a library with its interface, found by exported symbols.
    OpenSsl,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePoint {
    /// What it sees.
    pub role: ProbeRole,
    /// Offset in the file (not a virtual address), as the kernel wants it.
    pub file_offset: u64,
    /// Where the number of moved bytes is found when the function returns.
    pub count: CountLocation,
    /// The function or the place in it, for people: `ssl_read_internal (from SSL_read_ex+0x4)`.
    pub name: String,
    /// What the kernel does with the instruction under the breakpoint.
    pub cost: ProbeCost,
}

/// What a probe sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeRole {
    /// Bytes read: `(ssl, buf, num, …)`; entry and return are needed.
    Read,
    /// Bytes read, seen where the result is: one probe without a return.
    ReadResult,
    /// Bytes written: `(ssl, buf, num, …)`; entry and return are needed.
    Write,
    /// The TLS object in the first argument ends its life (`SSL_free`, `SSL_clear`): entry only.
    Close,
    /// The TLS object in the first argument says goodbye (`SSL_shutdown`): entry only.
    Shutdown,
}

/// Where the byte count of a successful call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountLocation {
    /// The return value itself (`SSL_read`, `SSL_write`), positive on success.
    Return,
    /// Behind the pointer in the fourth argument; the return value is positive on success.
    FourthArgument,
    /// Behind the pointer in the fifth argument; the return value is positive on success.
    FifthArgument,
    /// Behind a pointer in a register, as are the arguments; the result is at hand.
    Registers(ReadRegisters),
    /// There is no count: entry-only probes.
    None,
}

/// Cost class of the probed instruction (see ADR on probe points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeCost {
    /// The kernel emulates the instruction.
    Emulated,
    /// The kernel single-steps a copy of it: several times dearer, most of all in a virtual machine.
    SingleStepped,
}

impl fmt::Display for ProbeCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Emulated => "emulated",
            Self::SingleStepped => "single-stepped",
        })
    }
}
