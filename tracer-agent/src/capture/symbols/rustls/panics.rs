//! How often the code may panic in the name of one source file.
//!
//! A panic is told where it happens: `(path, its length, line, column)`, in data that the code of
//! the panic refers to (`core::panic::Location`). Each copy of inlined code has its own such
//! references, at most, so more of them to one place than copies found means that one was missed.

use std::collections::HashMap;

use super::super::elf::ElfImage;
use super::super::error_sites::{places_of, references};

/// Longest path.
const MAX_PATH: u64 = 512;
/// Where its length lies behind the pointer to the path, and where the line does.
const LENGTH: usize = 8;
const LINE: usize = 16;
/// Size of what tells where.
const LOCATION: usize = 24;
/// No source file has as many lines.
const MAX_LINE: u32 = 100_000;

/// The most references that the code has to one panic in the file whose path ends in `source`.
pub fn most_panics(image: &ElfImage, source: &[u8]) -> usize {
    let ends: Vec<u64> = places_of(image, source)
        .into_iter()
        .map(|start| start.saturating_add(source.len() as u64))
        .collect();
    let mut locations = Vec::new();
    for &end in &ends {
        let paths = end.saturating_sub(MAX_PATH)..end;
        let told = image
            .pointers_into(paths)
            .into_iter()
            .filter(|(at, path)| tells(image, *at, end - path))
            .map(|(at, _)| at);
        locations.extend(told);
    }
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for place in references(image, &locations) {
        if let Some(to) = mentioned(image, place) {
            *counts.entry(to).or_default() += 1;
        }
    }
    counts.into_values().max().unwrap_or_default()
}

/// What the `lea` with its opcode at `place` leads to.
fn mentioned(image: &ElfImage, place: u64) -> Option<u64> {
    const OPERAND: u64 = 2;
    const END: u64 = 6;
    let code = image.code_at(place.checked_add(OPERAND)?, 4);
    let distance = i32::from_le_bytes(*code.first_chunk()?);
    place.checked_add(END)?.checked_add_signed(distance.into())
}

/// Whether a pointer to a path of this length is the beginning of a location.
fn tells(image: &ElfImage, at: u64, length: u64) -> bool {
    let bytes = image.data_at(at, LOCATION);
    let told = bytes.get(LENGTH..).and_then(|field| field.first_chunk());
    let line = bytes.get(LINE..).and_then(|field| field.first_chunk());
    told.is_some_and(|told| u64::from_le_bytes(*told) == length)
        && line.is_some_and(|line| (1..MAX_LINE).contains(&u32::from_le_bytes(*line)))
}
