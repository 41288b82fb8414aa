//! The ways that lead to one instruction: from the one before it, and by jumps.
//!
//! Compilers move code that several places have in common away from all of them, and what runs rarely
//! out of the way of what runs often.

use std::collections::BTreeSet;

use iced_x86::FlowControl;

use super::super::elf::ElfImage;
use super::super::x86_64::decoder;

/// How far away a jump may be, in bytes.
const REACH: u64 = 16 << 10;
/// How many bytes before the instruction a jump may lead.
const LEAD: u64 = 24;
/// Ways that are looked at.
const MAX_WAYS: usize = 16;

/// A way: straight code up to one place, which goes on at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Where the straight code before ends: at a jump, or at the instruction itself.
    pub end: u64,
    /// Where it goes on.
    pub then: u64,
}

/// The ways to `address`, the straight one first. What only looks like a jump is among them.
pub fn ways_to(image: &ElfImage, address: u64) -> Vec<Way> {
    let straight = Way {
        end: address,
        then: address,
    };
    let first = before(image, address, REACH);
    let length = (address - first).saturating_add(REACH);
    let code = image.code_at(first, usize::try_from(length).unwrap_or_default());
    let mut jumps = BTreeSet::new();
    for (end, bytes) in (first..).zip((0..code.len()).filter_map(|at| code.get(at..))) {
        let Some(then) = target(bytes, end) else {
            continue;
        };
        if (address.saturating_sub(LEAD)..=address).contains(&then)
            && leads_straight(image, then, address)
        {
            jumps.insert(Way { end, then });
        }
    }
    [straight].into_iter().chain(jumps).take(MAX_WAYS).collect()
}

/// So many bytes before `address`, or fewer where the code begins later.
pub fn before(image: &ElfImage, address: u64, bytes: u64) -> u64 {
    let mut ranges = image.executable_ranges();
    let range =
        ranges.find(|(start, size)| (*start..start.saturating_add(*size)).contains(&address));
    let start = range.map_or(address, |(start, _)| start);
    address.saturating_sub(bytes).max(start)
}

/// Where the jump at the front of `bytes` leads, conditional or not, if it is one.
fn target(bytes: &[u8], address: u64) -> Option<u64> {
    let near = |from: usize| {
        let distance = i32::from_le_bytes(*bytes.get(from..)?.first_chunk()?);
        address
            .checked_add(from as u64 + 4)?
            .checked_add_signed(distance.into())
    };
    match *bytes {
        [0x70..=0x7f | 0xeb, distance, ..] => address
            .checked_add(2)?
            .checked_add_signed(distance.cast_signed().into()),
        [0xe9, ..] => near(1),
        [0x0f, 0x80..=0x8f, ..] => near(2),
        _ => None,
    }
}

/// Whether nothing but straight code lies between.
fn leads_straight(image: &ElfImage, from: u64, to: u64) -> bool {
    let code = image.code_at(from, LEAD as usize + 15);
    for instruction in decoder(&code, from).into_iter() {
        if instruction.ip() >= to {
            return instruction.ip() == to;
        }
        if instruction.flow_control() != FlowControl::Next {
            return false;
        }
    }
    false
}
