//! Comparisons with the limits of records, found in all code without decoding it.

use std::collections::BTreeSet;

use iced_x86::{Instruction, Mnemonic};
use memchr::{memchr_iter, memmem};

use super::super::elf::ElfImage;
use super::super::error_sites::each_chunk;
use super::stretch::{Held, Stretch, number_operand};

/// No more records are encrypted from 2^64 - 2 on; compilers compare with that or with the number
/// before.
pub const HARD: [i64; 2] = [-2, -3];
/// From 2^64 - 65536 on a connection is closed in time.
pub const SOFT: [i64; 1] = [-0x1_0000];
/// Places kept.
const MAX_FOUND: usize = 65536;
/// Opcodes of `cmp` with a number of one and of four bytes, and of that with `rax`.
const SHORT: u8 = 0x83;
const LONG: u8 = 0x81;
const LONG_RAX: u8 = 0x3d;

/// Addresses at which a comparison with a limit seems to be.
#[derive(Debug, Default)]
pub struct Comparisons {
    /// With [`HARD`], where a call by pointer follows.
    pub hard: BTreeSet<u64>,
    /// With [`SOFT`].
    pub soft: BTreeSet<u64>,
}

/// Finds them.
pub fn comparisons(image: &ElfImage) -> Comparisons {
    let mut found = Comparisons::default();
    each_chunk(image, |code, address| {
        for at in memchr_iter(SHORT, code) {
            if is_short(code, at) && calls_by_pointer(code, at) {
                keep(&mut found.hard, address, at);
            }
        }
        for number in memmem::find_iter(code, &(SOFT[0] as i32).to_le_bytes()) {
            if let Some(at) = long_opcode(code, number) {
                keep(&mut found.soft, address, at);
            }
        }
    });
    found
}

/// What an instruction compares with one of `limits`; `None` if it does something else.
pub fn compares(instruction: &Instruction, limits: &[i64], stretch: &Stretch) -> Option<Held> {
    let number = number_operand(instruction)?;
    let is_it = instruction.mnemonic() == Mnemonic::Cmp && limits.contains(&number);
    is_it.then(|| stretch.operand(instruction, 0))
}

/// The prefix lies before the opcode.
fn keep(found: &mut BTreeSet<u64>, address: u64, opcode: usize) {
    if let Some(at) = opcode.checked_sub(1)
        && found.len() < MAX_FOUND
    {
        found.insert(address + at as u64);
    }
}

/// `cmp r64, imm8` or `cmp qword [r64 + distance], imm8` with a number of [`HARD`].
fn is_short(code: &[u8], at: usize) -> bool {
    let Some(&mode) = code.get(at + 1) else {
        return false;
    };
    let behind = match mode {
        0xf8..=0xff => 2,
        0x78..=0x7b | 0x7d..=0x7f => 3,
        0xb8..=0xbb | 0xbd..=0xbf => 6,
        _ => return false,
    };
    let number = code
        .get(at + behind)
        .map(|byte| i64::from(byte.cast_signed()));
    has_prefix(code, at) && number.is_some_and(|number| HARD.contains(&number))
}

/// The opcode of a comparison with the four bytes at `number`.
fn long_opcode(code: &[u8], number: usize) -> Option<usize> {
    let is = |back: usize, opcode: u8, modes: &[std::ops::RangeInclusive<u8>]| {
        let at = number.checked_sub(back)?;
        let mode = code.get(at + 1)?;
        let fits = code.get(at) == Some(&opcode)
            && has_prefix(code, at)
            && (modes.is_empty() || modes.iter().any(|range| range.contains(mode)));
        fits.then_some(at)
    };
    is(1, LONG_RAX, &[])
        .or_else(|| is(2, LONG, &[0xf8..=0xff, 0x38..=0x3b, 0x3e..=0x3f]))
        .or_else(|| is(3, LONG, &[0x78..=0x7b, 0x7d..=0x7f]))
        .or_else(|| is(6, LONG, &[0xb8..=0xbb, 0xbd..=0xbf]))
}

/// The prefix of instructions on 64 bits, for any registers.
fn has_prefix(code: &[u8], opcode: usize) -> bool {
    let prefix = opcode.checked_sub(1).and_then(|at| code.get(at));
    prefix.is_some_and(|prefix| matches!(prefix, 0x48 | 0x49))
}

/// Whether what may be a call by pointer follows closely.
fn calls_by_pointer(code: &[u8], at: usize) -> bool {
    const CLOSE: usize = 100;
    let rest = code.get(at..).unwrap_or_default();
    let close = rest.get(..CLOSE.min(rest.len())).unwrap_or_default();
    memchr_iter(0xff, close).any(|at| {
        close
            .get(at + 1)
            .is_some_and(|mode| matches!(mode, 0x50..=0x57 | 0xd0..=0xd7))
    })
}
