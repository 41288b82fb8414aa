//! Pointers in the data of an ELF file, as the loader leaves them when it has placed the file at
//! its own addresses.

use std::collections::BTreeMap;
use std::ops::Range;

use object::LittleEndian;
use object::elf;

use super::elf::ElfImage;

const POINTER: u64 = 8;
/// Relocations that add the file's own place to the addend, of each machine; no other machine uses the
/// number for something that is found in a file ready to run.
const RELATIVE: [u32; 2] = [elf::R_X86_64_RELATIVE, elf::R_AARCH64_RELATIVE];
/// Bytes per read.
const CHUNK: usize = 256 << 10;
/// Pointers kept of a search.
const MAX_FOUND: usize = 4096;

impl ElfImage {
    /// The `count` pointers from `address` on, fewer at the end of the segment. Those that are
    /// bound to a symbol read 0, as do those of a kind of relocation that is not understood.
    pub fn pointers_at(&self, address: u64, count: usize) -> Vec<u64> {
        let bytes = self.data_at(address, count * POINTER as usize);
        // What the file says itself holds in executables that are not moved, and for packed
        // relocations, which leave the addend in its place.
        let mut pointers: Vec<u64> = bytes
            .chunks_exact(POINTER as usize)
            .filter_map(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)))
            .collect();
        for table in self.relocation_tables() {
            // A table that cannot be read leaves zeros, which are no functions.
            let _ = self.relocations(table, |entries| {
                for entry in entries {
                    let offset = entry.r_offset.get(LittleEndian).wrapping_sub(address);
                    if RELATIVE.contains(&entry.r_type(LittleEndian, false))
                        && offset.is_multiple_of(POINTER)
                        && let Ok(index) = usize::try_from(offset / POINTER)
                        && let Some(pointer) = pointers.get_mut(index)
                    {
                        *pointer = entry.r_addend.get(LittleEndian) as u64;
                    }
                }
                true
            });
        }
        pointers
    }

    /// Where the data holds pointers that lead into a range of addresses, and to where. As with
    /// [`ElfImage::pointers_at`], the file says so itself or a relocation does.
    pub(super) fn pointers_into(&self, range: Range<u64>) -> BTreeMap<u64, u64> {
        let mut found = BTreeMap::new();
        for segment in self.data() {
            let mut start = segment.start.next_multiple_of(POINTER);
            while start < segment.end {
                let data = self.data_at(start, CHUNK);
                if data.is_empty() {
                    break;
                }
                for (at, bytes) in (start..).step_by(POINTER as usize).zip(data.as_chunks().0) {
                    let to = u64::from_le_bytes(*bytes);
                    if range.contains(&to) && found.len() < MAX_FOUND {
                        found.insert(at, to);
                    }
                }
                start = start.saturating_add(CHUNK as u64);
            }
        }
        for table in self.relocation_tables() {
            // A table that cannot be read says nothing.
            let _ = self.relocations(table, |entries| {
                for entry in entries {
                    let to = entry.r_addend.get(LittleEndian) as u64;
                    if RELATIVE.contains(&entry.r_type(LittleEndian, false))
                        && range.contains(&to)
                        && found.len() < MAX_FOUND
                    {
                        found.insert(entry.r_offset.get(LittleEndian), to);
                    }
                }
                true
            });
        }
        found
    }
}
