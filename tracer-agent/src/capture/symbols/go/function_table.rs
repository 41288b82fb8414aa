//! The table of functions in a Go program: `runtime.pcHeader` and what lies behind it (see
//! `runtime/symtab.go` and `debug/gosym/pclntab.go` of Go).
//!
//! It is streamed: the names are searched for those that matter, then the functions for those
//! names. Memory stays at a few slices for any program.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memmem::Finder;

use super::super::elf::ElfImage;

/// Where linkers put the table, the likeliest first. A section named after it holds nothing else.
const SECTIONS: [&str; 4] = [
    ".gopclntab",
    ".data.rel.ro.gopclntab",
    ".data.rel.ro",
    ".rodata",
];
/// Bytes per read.
const CHUNK: u64 = 256 << 10;
/// Bytes of one program's table looked at.
const MAX_TABLE: u64 = 1 << 30;
/// Functions looked at; the largest programs have a few hundred thousand.
const MAX_FUNCTIONS: u64 = 1 << 23;
/// Magic number, two zeros, the smallest size of an instruction, the size of a pointer.
const PREFIX: usize = 8;
/// Words of the header behind that.
const WORDS: usize = 8;

/// How the table is laid out; it has changed with these releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Go 1.2 to 1.15.
    Go12,
    /// Go 1.16 and 1.17: functions by address.
    Go116,
    /// Go 1.18 and later: functions by their distance from the start of the code.
    Go118,
}

/// Which names are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// This one.
    Exact(&'static str),
    /// All that begin with this.
    Prefix(&'static str),
}

/// A table found in a file.
#[derive(Debug)]
pub struct FunctionTable<'a> {
    image: &'a ElfImage,
    /// Offset in the file.
    pub offset: u64,
    /// Where it cannot reach beyond, likewise.
    end: u64,
    /// How it is laid out.
    pub format: Format,
    functions: u64,
    /// The start of the code as the header has it; 0 where that is left to the loader, or not kept.
    pub text_start: u64,
    /// Where the names are, from `offset` on.
    pub names: Range<u64>,
    /// Where the functions are, likewise.
    entries: u64,
}

impl<'a> FunctionTable<'a> {
    /// The table of a Go program; `None` if none is found.
    pub fn find(image: &'a ElfImage) -> Option<Self> {
        let named = SECTIONS.iter().filter_map(|name| {
            let section = image
                .sections
                .iter()
                .find(|section| section.name == *name)?;
            Some((section.offset, section.size))
        });
        let without = if image.sections.is_empty() {
            image.constants()
        } else {
            Vec::new()
        };
        named
            .chain(without)
            .find_map(|(offset, size)| Self::find_in(image, offset, offset.checked_add(size)?))
    }

    fn find_in(image: &'a ElfImage, start: u64, end: u64) -> Option<Self> {
        let finder = Finder::new(&[0xff, 0xff, 0xff, 0, 0]);
        let mut at = start;
        while at < end {
            let length = (CHUNK + PREFIX as u64).min(end - at);
            let bytes = image.read_vec(at, length).ok()?;
            let found = finder.find_iter(&bytes).find_map(|behind_first| {
                let offset = at.checked_add(behind_first.checked_sub(1)? as u64)?;
                Self::read(image, offset, end)
            });
            if found.is_some() {
                return found;
            }
            at = at.checked_add(CHUNK)?;
        }
        None
    }

    /// Reads a header, if there is one.
    fn read(image: &'a ElfImage, offset: u64, end: u64) -> Option<Self> {
        let header = image.read_vec(offset, (PREFIX + 8 * WORDS) as u64).ok()?;
        let format = match header.get(..PREFIX)? {
            [0xfb, 0xff, 0xff, 0xff, 0, 0, 1 | 4, 8] => Format::Go12,
            [0xfa, 0xff, 0xff, 0xff, 0, 0, 1 | 4, 8] => Format::Go116,
            [0xf0 | 0xf1, 0xff, 0xff, 0xff, 0, 0, 1 | 4, 8] => Format::Go118,
            _ => return None,
        };
        let word = |index: usize| word64(&header, PREFIX + 8 * index);
        // Number of functions and of files, then, in the newest format, the start of the code, then
        // where each part begins: names, compilation units, files, counters, functions.
        let text = usize::from(format == Format::Go118);
        let (functions, names, units, entries) =
            (word(0)?, word(2 + text)?, word(3 + text)?, word(6 + text)?);
        let is_sound = (1..=MAX_FUNCTIONS).contains(&functions)
            && names < units
            && units < entries
            && entries < MAX_TABLE.min(end.checked_sub(offset)?);
        (format == Format::Go12 || is_sound).then_some(Self {
            image,
            offset,
            end,
            format,
            functions,
            text_start: if text == 1 { word(2)? } else { 0 },
            names: names..units,
            entries,
        })
    }

    /// Where the functions of each pattern begin and end, in the order of the patterns: addresses,
    /// or distances from the start of the code (see [`Format`]). `None` if the table is not sound.
    pub fn functions(&self, patterns: &[Pattern]) -> Option<Vec<Vec<Range<u64>>>> {
        let names = self.name_offsets(patterns)?;
        let mut found = vec![Vec::new(); patterns.len()];
        if names.is_empty() {
            return Some(found);
        }
        let wide = if self.format == Format::Go118 { 4 } else { 8 };
        let start = self.offset.checked_add(self.entries)?;
        let mut entries = Slices::new(self.image, start, self.end);
        let mut records = Slices::new(self.image, start, self.end);
        for index in 0..self.functions {
            // Address and place of the record, then the address of the next.
            let entry = entries.get(index * 2 * wide, 3 * wide as usize)?;
            let field = |at: u64| -> Option<u64> {
                let at = (at * wide) as usize;
                if wide == 4 {
                    word32(entry, at)
                } else {
                    word64(entry, at)
                }
            };
            let (begin, record, end) = (field(0)?, field(1)?, field(2)?);
            // The record begins with the address again, then comes the name.
            let name = word32(records.get(record.checked_add(wide)?, 4)?, 0)?;
            if let Some(pattern) = names.get(&name) {
                found.get_mut(*pattern)?.push(begin..end);
            }
        }
        Some(found)
    }

    /// Which pattern the name at an offset has.
    fn name_offsets(&self, patterns: &[Pattern]) -> Option<HashMap<u64, usize>> {
        let finders: Vec<(Finder<'_>, bool)> = patterns
            .iter()
            .map(|pattern| match pattern {
                Pattern::Exact(name) => (Finder::new(name), true),
                Pattern::Prefix(prefix) => (Finder::new(prefix), false),
            })
            .collect();
        let longest = finders.iter().map(|(finder, _)| finder.needle().len());
        let overlap = longest.max()? as u64 + 1;
        let mut offsets = HashMap::new();
        let size = self.names.end - self.names.start;
        let mut at = 0;
        while at < size {
            let length = (CHUNK + overlap).min(size - at);
            let place = self.offset.checked_add(self.names.start)?.checked_add(at)?;
            let bytes = self.image.read_vec(place, length).ok()?;
            for (pattern, (finder, is_whole)) in finders.iter().enumerate() {
                for start in finder.find_iter(&bytes) {
                    let behind = bytes.get(start + finder.needle().len());
                    if !is_whole || behind == Some(&0) {
                        offsets.entry(at + start as u64).or_insert(pattern);
                    }
                }
            }
            at += CHUNK;
        }
        Some(offsets)
    }
}

/// A part of a file, read a slice at a time by somebody who goes on from place to place.
struct Slices<'a> {
    image: &'a ElfImage,
    start: u64,
    size: u64,
    slice: Vec<u8>,
    /// Where the slice begins, from `start` on.
    at: u64,
    /// Slices that may still be read: whoever jumps to and fro is stopped.
    left: u64,
}

impl<'a> Slices<'a> {
    fn new(image: &'a ElfImage, start: u64, end: u64) -> Self {
        let size = end.saturating_sub(start);
        Self {
            image,
            start,
            size,
            slice: Vec::new(),
            at: 0,
            left: 64 + 2 * (size / CHUNK),
        }
    }

    fn get(&mut self, offset: u64, length: usize) -> Option<&[u8]> {
        let within = |at: u64, slice: &[u8]| {
            let into = usize::try_from(offset.checked_sub(at)?).ok()?;
            let end = into.checked_add(length)?;
            (end <= slice.len()).then_some(into..end)
        };
        let range = match within(self.at, &self.slice) {
            Some(range) => range,
            None => {
                self.left = self.left.checked_sub(1)?;
                let rest = self.size.checked_sub(offset)?.min(CHUNK);
                self.slice = self
                    .image
                    .read_vec(self.start.checked_add(offset)?, rest)
                    .ok()?;
                self.at = offset;
                within(self.at, &self.slice)?
            }
        };
        self.slice.get(range)
    }
}

fn word32(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*word).into())
}

fn word64(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}
