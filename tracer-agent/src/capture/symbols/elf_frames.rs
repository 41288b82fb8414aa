//! Where functions begin and end, by the table that unwinding uses (`.eh_frame_hdr`, see the Linux
//! Standard Base, "Exception Frames"): it names those without a symbol, too.

use std::ops::Range;

use super::elf::ElfImage;

/// Bytes of the table looked at: about four million functions.
const MAX_TABLE: usize = 32 << 20;
/// Version, then the encodings as linkers write them: the pointer to the frames relative to itself, a
/// plain count, entries relative to the table; four bytes each.
const ENCODINGS: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
/// The header: encodings, pointer, count.
const HEADER: u64 = 12;
/// One entry: where a function begins, and what describes it.
const ENTRY: usize = 8;

/// The functions of a file.
#[derive(Debug)]
pub struct Functions<'a> {
    image: &'a ElfImage,
    /// Where the table is.
    address: u64,
    entries: Vec<u8>,
}

impl<'a> Functions<'a> {
    /// The table of a file; `None` if it has none, or one that is not understood.
    pub fn of(image: &'a ElfImage) -> Option<Self> {
        let address = image.frame_header()?;
        let header = image.data_at(address, HEADER as usize);
        if header.get(..4)? != ENCODINGS {
            return None;
        }
        let count = usize::try_from(u32::from_le_bytes(word(&header, 8)?)).ok()?;
        let length = count
            .checked_mul(ENTRY)
            .filter(|length| *length <= MAX_TABLE)?;
        let entries = image.data_at(address.checked_add(HEADER)?, length);
        (entries.len() == length).then_some(Self {
            image,
            address,
            entries,
        })
    }

    /// The function that an address lies in.
    pub fn around(&self, address: u64) -> Option<Range<u64>> {
        let count = self.entries.len() / ENTRY;
        // The entries are sorted. The first that begins beyond the address:
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            if self.entry(middle)?.0 <= address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let range = self.range(low.checked_sub(1)?)?;
        range.contains(&address).then_some(range)
    }

    /// Where an entry's function begins, and where it is described.
    fn entry(&self, index: usize) -> Option<(u64, u64)> {
        let at = index.checked_mul(ENTRY)?;
        let place = |at| {
            let distance = i32::from_le_bytes(word(&self.entries, at)?);
            self.address.checked_add_signed(distance.into())
        };
        Some((place(at)?, place(at + 4)?))
    }

    /// Length, where what is common to such descriptions is, first address relative to its own place,
    /// size. Where the address is the one of the table, the fields are read as they are meant.
    fn range(&self, index: usize) -> Option<Range<u64>> {
        let (start, description) = self.entry(index)?;
        let fields = self.image.data_at(description, 16);
        let distance = i32::from_le_bytes(word(&fields, 8)?);
        let described = description
            .checked_add(8)?
            .checked_add_signed(distance.into())?;
        let size = u32::from_le_bytes(word(&fields, 12)?);
        let end = start.checked_add(size.into())?;
        (described == start).then_some(start..end)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..)?.first_chunk().copied()
}
