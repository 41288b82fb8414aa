//! Where functions begin and end, by the tables for unwinding, which stripping leaves in place.
//!
//! `.eh_frame_hdr` holds a sorted list of (first address, entry in `.eh_frame`), both relative to
//! itself (Linux Standard Base, Core, 10.6.2). Only the encodings that linkers write are read.

use std::ops::Range;

use super::elf::ElfImage;

const HEADER: usize = 12;
const ROW: u64 = 8;
/// Version 1; the pointer relative and 4 bytes; the count 4 bytes; rows relative to the header.
const ENCODINGS: [u8; 4] = [1, 0x1b, 0x03, 0x3b];

/// An index of functions.
#[derive(Debug)]
pub struct UnwindIndex<'a> {
    image: &'a ElfImage,
    address: u64,
    rows: u64,
}

impl<'a> UnwindIndex<'a> {
    /// That of a file, if it has one.
    pub fn of(image: &'a ElfImage) -> Option<Self> {
        let address = image.unwind_index()?;
        let header = image.data_at(address, HEADER);
        let rows = header.get(8..)?.first_chunk().copied()?;
        (header.get(..4) == Some(&ENCODINGS)).then_some(Self {
            image,
            address,
            rows: u64::from(u32::from_le_bytes(rows)),
        })
    }

    /// The function that holds an address. Parts that a compiler keeps apart count as functions.
    pub fn function_at(&self, address: u64) -> Option<Range<u64>> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low.midpoint(high);
            let (start, _) = self.row(middle)?;
            if start <= address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let (start, entry) = self.row(low.checked_sub(1)?)?;
        // Length, common part, then start and size; the start must be the same as in the row.
        let fields = self.image.data_at(entry, 16);
        let relative = i32::from_le_bytes(*fields.get(8..)?.first_chunk()?);
        let size = u32::from_le_bytes(*fields.get(12..)?.first_chunk()?);
        let same = entry.wrapping_add(8).wrapping_add_signed(relative.into()) == start;
        let function = start..start.checked_add(size.into())?;
        (same && function.contains(&address)).then_some(function)
    }

    fn row(&self, index: u64) -> Option<(u64, u64)> {
        let at = index.checked_mul(ROW)?.checked_add(HEADER as u64)?;
        let row = self
            .image
            .data_at(self.address.checked_add(at)?, ROW as usize);
        let field = |from: usize| {
            let field = i32::from_le_bytes(*row.get(from..)?.first_chunk()?);
            Some(self.address.wrapping_add_signed(field.into()))
        };
        Some((field(0)?, field(4)?))
    }
}
