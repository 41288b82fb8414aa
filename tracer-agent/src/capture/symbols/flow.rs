//! What is known of the registers on the way from a function's entry, whatever the machine.

use super::super::plan::ProbeCost;

/// Arguments passed in registers that are tracked: OpenSSL's functions take at most five.
pub const ARGUMENTS: usize = 5;

/// What one register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The argument of this index (from 0) of the function entered, unchanged (the third may have
    /// been widened from `int` to `size_t`).
    Argument(u8),
    /// Zero.
    Zero,
    /// An address in the function's own stack frame.
    Stack,
    /// Anything else.
    Unknown,
}

/// The argument registers at one place.
pub type Arguments = [Value; ARGUMENTS];

/// The argument registers at the entry of a function.
pub const ENTRY: Arguments = [
    Value::Argument(0),
    Value::Argument(1),
    Value::Argument(2),
    Value::Argument(3),
    Value::Argument(4),
];

/// A call or tail jump, the first on some path from the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Virtual address of the calling instruction.
    pub site: u64,
    /// Virtual address called.
    pub target: u64,
    /// The argument registers there.
    pub arguments: Arguments,
}

/// What must hold at a probe point.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// How many leading arguments must still be in their registers.
    pub arguments: usize,
    /// The return address must be where a return probe replaces it: at the stack pointer on
    /// x86-64, in the link register on arm64.
    pub return_address: bool,
}

/// A place for a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Virtual address of the instruction.
    pub address: u64,
    /// What the kernel does with it.
    pub cost: ProbeCost,
}
