//! Where the code of Go begins in a program (`runtime.text`): the table of functions counts from
//! there.
//!
//! Older releases say so in the header of the table; not so position-independent programs, where
//! the loader fills it in, and Go 1.26 and later. The section of the code begins there, unless code
//! of C was linked in. The structure that the runtime itself starts from (`runtime.moduledata`)
//! always knows: it begins with the address of the table. Whoever asks checks the code that a
//! start leads to, and takes the first that fits.

use std::iter;

use object::LittleEndian;

use super::super::elf::ElfImage;
use super::function_table::{Format, FunctionTable};

/// Bytes per read.
const CHUNK: u64 = 256 << 10;
const POINTER: u64 = 8;
/// `text` in `runtime.moduledata`, in pointers: behind that of the header, six slices, and three
/// more (see `runtime/symtab.go`). The same since Go 1.16.
const TEXT: usize = 1 + 6 * 3 + 3;

/// What may be the start, the likeliest first. The costlier ones are looked for when they are asked
/// for.
pub fn text_starts(image: &ElfImage, table: &FunctionTable<'_>) -> impl Iterator<Item = u64> {
    let absolute = table.format != Format::Go118;
    let said = (table.text_start != 0).then_some(table.text_start);
    let section = image
        .sections
        .iter()
        .find(|section| section.name == ".text");
    let section = section.map(|section| section.address);
    let (place, names) = (image.address_of(table.offset), table.names.start);
    let by_module = iter::once_with(move || {
        let place = place?;
        module_text(image, place, place.checked_add(names)?)
    });
    let relative = said
        .into_iter()
        .chain(section)
        .chain(by_module.flatten())
        .filter(move |_| !absolute);
    absolute.then_some(0).into_iter().chain(relative)
}

/// The start of the code by the structure that begins with these two pointers.
fn module_text(image: &ElfImage, table: u64, names: u64) -> Option<u64> {
    let written = in_data(image, table, names);
    let module = written.or_else(|| {
        let place = in_relocations(image, table)?;
        (image.pointers_at(place, 2) == [table, names]).then_some(place)
    })?;
    image.pointers_at(module, TEXT + 1).get(TEXT).copied()
}

/// Where the data holds both pointers, as the file has them.
fn in_data(image: &ElfImage, table: u64, names: u64) -> Option<u64> {
    let mut wanted = table.to_le_bytes().to_vec();
    wanted.extend(names.to_le_bytes());
    let finder = memchr::memmem::Finder::new(&wanted);
    image.data().into_iter().find_map(|segment| {
        let mut start = segment.start;
        while start < segment.end {
            let data = image.data_at(start, CHUNK as usize + wanted.len() - 1);
            if data.is_empty() {
                return None;
            }
            if let Some(at) = finder.find(&data) {
                return start.checked_add(at as u64);
            }
            start = start.checked_add(CHUNK)?;
        }
        None
    })
}

/// Where the loader puts a pointer to `target`.
fn in_relocations(image: &ElfImage, target: u64) -> Option<u64> {
    let mut found = None;
    for table in image.relocation_tables() {
        image
            .relocations(table, |entries| {
                found = entries
                    .iter()
                    .filter(|entry| entry.r_addend.get(LittleEndian) as u64 == target)
                    .map(|entry| entry.r_offset.get(LittleEndian))
                    .find(|offset| offset.is_multiple_of(POINTER));
                found.is_none()
            })
            .ok()?;
        if found.is_some() {
            break;
        }
    }
    found
}
