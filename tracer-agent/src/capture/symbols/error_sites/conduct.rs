//! What a function does, as far as it tells functions apart.

use super::super::elf::{ElfImage, Machine};
use super::super::x86_64_frame::{Value, low};
use super::{aarch64_conduct, x86_64_conduct};

/// Arguments that are looked at.
pub const ARGUMENTS: usize = 6;
/// Instructions of the longest function that is followed: `SSL_new` has some four hundred.
pub const MAX_INSTRUCTIONS: usize = 1500;

/// What is known of one function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conduct {
    /// Its calls and branches.
    pub branches: Vec<Branch>,
    /// Whether it writes to memory that is not its own frame.
    pub stores: bool,
    /// First and past-the-end addresses of its instructions, ascending.
    pub instructions: Vec<(u64, u64)>,
}

/// A call or a branch, with the argument registers before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Where it goes.
    pub kind: BranchKind,
    /// By the names that the function itself gives them.
    pub arguments: [Value; ARGUMENTS],
}

/// Where a branch goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchKind {
    /// Calls this address.
    Call(u64),
    /// Calls what a register, a structure or an import names.
    IndirectCall,
    /// Goes on elsewhere, mostly within the function.
    Jump,
}

impl Conduct {
    /// Follows the function that begins at `entry`, whose code ends before `end`. `None` if it is
    /// not understood.
    pub fn of(image: &ElfImage, entry: u64, end: u64) -> Option<Self> {
        match image.machine() {
            Machine::X86_64 => x86_64_conduct::conduct(image, entry, end),
            Machine::Aarch64 => aarch64_conduct::conduct(image, entry, end),
            Machine::Other(_) => None,
        }
    }

    /// Whether the byte at `address` belongs to an instruction that can be reached.
    pub fn covers(&self, address: u64) -> bool {
        let behind = self.instructions.partition_point(|(at, _)| *at <= address);
        behind
            .checked_sub(1)
            .and_then(|index| self.instructions.get(index))
            .is_some_and(|(_, end)| address < *end)
    }

    /// Its calls.
    pub fn calls(&self) -> impl Iterator<Item = &Branch> {
        self.branches
            .iter()
            .filter(|branch| branch.kind != BranchKind::Jump)
    }

    /// Its direct calls of a function.
    pub fn calls_of(&self, function: u64) -> impl Iterator<Item = &Branch> {
        self.branches
            .iter()
            .filter(move |branch| branch.kind == BranchKind::Call(function))
    }
}

impl Branch {
    /// An argument that is the same on every path, as an unsigned number of 32 bits.
    pub fn number(&self, index: usize) -> Option<u64> {
        match low(self.argument(index)) {
            Value::Constant(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// An argument that is a fixed address.
    pub fn address(&self, index: usize) -> Option<u64> {
        match self.argument(index) {
            Value::Constant(address) => u64::try_from(address).ok(),
            _ => None,
        }
    }

    /// Whether one argument is the caller's own argument of another index, unchanged.
    pub fn passes(&self, index: usize, own: u8) -> bool {
        self.argument(index) == Value::Argument(own)
    }

    /// An argument.
    pub fn argument(&self, index: usize) -> Value {
        self.arguments.get(index).copied().unwrap_or(Value::Unknown)
    }
}
