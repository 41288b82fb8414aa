//! What in an ELF file may refer to one address: displacements in the code, pointers in the data.

use object::LittleEndian;

use super::elf::ElfImage;
use super::elf_symbols::Rela;

/// Bytes per read.
const CHUNK: u64 = 256 << 10;
const DISPLACEMENT: usize = 4;
const POINTER: usize = 8;

impl ElfImage {
    /// The addresses in the code of four bytes that, taken as a displacement from their end, lead to
    /// `target`: operands of calls and jumps, and whatever else looks like one. `None` if there are
    /// more than `most`.
    pub(super) fn displacements_to(&self, target: u64, most: usize) -> Option<Vec<u64>> {
        let mut found = Vec::new();
        for section in self.code() {
            let mut start = section.start;
            while start < section.end {
                let length = (section.end - start).min(CHUNK + DISPLACEMENT as u64 - 1);
                let code = self.code_at(start, length as usize);
                if code.is_empty() {
                    break;
                }
                for (at, bytes) in (start..).zip(code.windows(DISPLACEMENT)) {
                    let Some(bytes) = bytes.first_chunk() else {
                        continue;
                    };
                    let distance = i64::from(i32::from_le_bytes(*bytes));
                    let end = at.wrapping_add(DISPLACEMENT as u64);
                    if end.wrapping_add_signed(distance) == target {
                        found.push(at);
                        if found.len() > most {
                            return None;
                        }
                    }
                }
                start = start.saturating_add(CHUNK);
            }
        }
        Some(found)
    }

    /// Whether the data holds a pointer to `target`, or the loader puts one there.
    pub(super) fn points_to(&self, target: u64) -> bool {
        self.is_relocation_target(target) || self.is_in_data(target)
    }

    fn is_in_data(&self, target: u64) -> bool {
        let wanted = target.to_le_bytes();
        self.data().into_iter().any(|segment| {
            let mut start = segment.start;
            while start < segment.end {
                let data = self.data_at(start, CHUNK as usize + POINTER - 1);
                if data.is_empty() {
                    break;
                }
                if memchr::memmem::find(&data, &wanted).is_some() {
                    return true;
                }
                start = start.saturating_add(CHUNK);
            }
            false
        })
    }

    fn is_relocation_target(&self, target: u64) -> bool {
        let mut found = false;
        for table in self.relocation_tables() {
            let read = self.relocations(table, |entries| {
                let leads_there = |entry: &Rela| entry.r_addend.get(LittleEndian) as u64 == target;
                found |= entries.iter().any(leads_there);
                !found
            });
            // What cannot be read may hold one.
            found |= read.is_err();
        }
        found
    }
}
