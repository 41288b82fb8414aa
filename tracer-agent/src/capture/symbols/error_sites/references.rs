//! Places in the code that mention a constant, and places that calls lead to: two cheap scans over
//! all code, without decoding it.
//!
//! Data that looks like code may be among the findings; whoever uses them decodes the function
//! around each and looks again.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::{memchr_iter, memmem};

use super::super::elf::{ElfImage, Machine};

/// Bytes of code read at once.
const CHUNK: u64 = 1024 * 1024;
/// Bytes that a finding may reach over the end of a chunk.
const OVERLAP: u64 = 128;
/// Findings kept; the paths looked for are mentioned some hundred times.
const MAX_FOUND: usize = 4096;
/// arm64 instructions from the page of an address to the offset in it.
const MAX_PAIR: usize = 16;

/// Addresses of instructions, or of places in them, that mention one of `targets`.
pub fn references(image: &ElfImage, targets: &[u64]) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    each_chunk(image, |bytes, address| match image.machine() {
        Machine::Aarch64 => aarch64_pairs(bytes, address, targets, &mut found),
        _ => {
            relative(bytes, address, targets, &mut found);
            absolute(bytes, address, targets, &mut found);
        }
    });
    found
}

/// Addresses within `windows` (ascending, apart) that direct calls lead to.
pub fn call_targets(image: &ElfImage, windows: &[Range<u64>]) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut note = |target: u64| {
        let at = windows.partition_point(|window| window.end <= target);
        if windows
            .get(at)
            .is_some_and(|window| window.contains(&target))
            && found.len() < MAX_FOUND
        {
            found.insert(target);
        }
    };
    each_chunk(image, |bytes, address| match image.machine() {
        Machine::Aarch64 => {
            for (word, at) in words(bytes).zip((address..).step_by(4)) {
                // `bl`.
                if word & 0xfc00_0000 == 0x9400_0000 {
                    let distance = i64::from((word << 6).cast_signed() >> 6) * 4;
                    note(at.wrapping_add_signed(distance));
                }
            }
        }
        _ => {
            // `call rel32`. Jumps also lead to the heads of loops.
            for at in memchr_iter(0xe8, bytes) {
                if let Some(distance) = displacement(bytes, at + 1) {
                    note((address + at as u64 + 5).wrapping_add_signed(distance));
                }
            }
        }
    });
    found
}

/// Shows all code piece by piece, with the address of each; pieces overlap.
pub fn each_chunk(image: &ElfImage, mut visit: impl FnMut(&[u8], u64)) {
    for (start, size) in image.executable_ranges() {
        let mut at = 0;
        while at < size {
            let length = (CHUNK + OVERLAP).min(size - at);
            let code = image.code_at(start.saturating_add(at), length as usize);
            // A damaged header tells of far more code than the file holds.
            if code.is_empty() {
                break;
            }
            visit(&code, start + at);
            at += CHUNK;
        }
    }
}

/// `lea reg, [rip + distance]`.
fn relative(bytes: &[u8], address: u64, targets: &[u64], found: &mut BTreeSet<u64>) {
    for at in memchr_iter(0x8d, bytes) {
        let is_relative = bytes.get(at + 1).is_some_and(|mode| mode & 0xc7 == 5);
        if is_relative
            && let Some(distance) = displacement(bytes, at + 2)
            && targets.contains(&(address + at as u64 + 6).wrapping_add_signed(distance))
            && found.len() < MAX_FOUND
        {
            found.insert(address + at as u64);
        }
    }
}

/// The address as it is, in an executable that is not moved: `mov reg, address`.
fn absolute(bytes: &[u8], address: u64, targets: &[u64], found: &mut BTreeSet<u64>) {
    for target in targets {
        let Ok(target) = u32::try_from(*target) else {
            continue;
        };
        for at in memmem::find_iter(bytes, &target.to_le_bytes()) {
            if found.len() < MAX_FOUND {
                found.insert(address + at as u64);
            }
        }
    }
}

/// `adrp reg, page` and, close behind, `add reg, reg, offset`.
fn aarch64_pairs(bytes: &[u8], address: u64, targets: &[u64], found: &mut BTreeSet<u64>) {
    for (index, word) in words(bytes).enumerate() {
        if word & 0x9f00_0000 != 0x9000_0000 {
            continue;
        }
        let at = address + 4 * index as u64;
        let high = i64::from((word << 8).cast_signed() >> 13);
        let pages = high * 4 + i64::from(word >> 29 & 3);
        let page = (at & !0xfff).wrapping_add_signed(pages << 12);
        let register = word & 0x1f;
        for target in targets.iter().filter(|target| **target & !0xfff == page) {
            let offset = (target & 0xfff) as u32;
            let adds = |next: &u32| {
                next & 0xffc0_0000 == 0x9100_0000
                    && next >> 5 & 0x1f == register
                    && next >> 10 & 0xfff == offset
            };
            let behind = bytes.get(4 * (index + 1)..).unwrap_or_default();
            if words(behind).take(MAX_PAIR).any(|next| adds(&next)) && found.len() < MAX_FOUND {
                found.insert(at);
            }
        }
    }
}

fn displacement(bytes: &[u8], at: usize) -> Option<i64> {
    let field = bytes.get(at..)?.first_chunk::<4>()?;
    Some(i64::from(i32::from_le_bytes(*field)))
}

fn words(code: &[u8]) -> impl Iterator<Item = u32> {
    code.as_chunks()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word))
}
