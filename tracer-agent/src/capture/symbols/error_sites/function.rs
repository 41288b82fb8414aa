//! The function around a place in the code.
//!
//! The tables for unwinding tell where it begins and ends. Where they do not reach (some linkers
//! are told to leave them out), it begins at the nearest place before that a call leads to and
//! from which, followed instruction by instruction, the code comes to the place in question.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::elf::{ElfImage, Machine};
use super::super::unwind_index::UnwindIndex;
use super::conduct::Conduct;
use super::references::call_targets;

/// Longest distance from the start of a function to a place in it, where nothing else tells.
const REACH: u64 = 16 * 1024;
/// Starts that are tried for one place.
const MAX_TRIED: usize = 6;

/// A function, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Virtual address of its first instruction.
    pub entry: u64,
    /// What it does.
    pub conduct: Conduct,
}

/// The functions that hold `places`, each once, in the order of their addresses. Places in code
/// that is not understood are left out.
pub fn functions_around(image: &ElfImage, places: &BTreeSet<u64>) -> Vec<Function> {
    let index = UnwindIndex::of(image);
    let listed = |place: u64| index.as_ref()?.function_at(place);
    let unlisted: Vec<u64> = places
        .iter()
        .copied()
        .filter(|place| listed(*place).is_none())
        .collect();
    let starts = starts(image, &unlisted);
    let mut functions: Vec<Function> = Vec::new();
    for &place in places {
        if functions.iter().any(|known| known.conduct.covers(place)) {
            continue;
        }
        let found = match listed(place) {
            Some(range) => holding(image, range, place),
            None => nearest(image, &starts, place),
        };
        functions.extend(found);
    }
    functions
}

/// The function at a range of addresses, if it comes to `place`.
fn holding(image: &ElfImage, range: Range<u64>, place: u64) -> Option<Function> {
    let conduct = Conduct::of(image, range.start, range.end)?;
    conduct.covers(place).then_some(Function {
        entry: range.start,
        conduct,
    })
}

fn nearest(image: &ElfImage, starts: &BTreeSet<u64>, place: u64) -> Option<Function> {
    let next = starts.range(place + 1..).next();
    let end = next.copied().unwrap_or(place.saturating_add(REACH));
    starts
        .range(place.saturating_sub(REACH)..=place)
        .rev()
        .take(MAX_TRIED)
        .find_map(|&start| holding(image, start..end, place))
}

/// Where functions around `places` may begin.
fn starts(image: &ElfImage, places: &[u64]) -> BTreeSet<u64> {
    if places.is_empty() {
        return BTreeSet::new();
    }
    let mut windows: Vec<Range<u64>> = Vec::new();
    for &place in places {
        let window = place.saturating_sub(REACH)..place.saturating_add(REACH);
        match windows.last_mut() {
            Some(last) if window.start <= last.end => last.end = window.end,
            _ => windows.push(window),
        }
    }
    let mut starts = call_targets(image, &windows);
    starts.retain(|&start| may_begin(image, start));
    starts
}

/// Whether a function may begin here, by the place alone: aligned, and nothing runs into it.
fn may_begin(image: &ElfImage, address: u64) -> bool {
    if image.machine() == Machine::Aarch64 {
        return address.is_multiple_of(4);
    }
    // Padding (`int3`, `nop` in its lengths), a return, a trap, or the end of a jump or call.
    const BEFORE: [u8; 7] = [0xcc, 0x90, 0x00, 0xc3, 0x0b, 0xff, 0x66];
    let before = image.code_at(address.saturating_sub(1), 1);
    address.is_multiple_of(16) && before.first().is_none_or(|byte| BEFORE.contains(byte))
}
