//! Constants that give a TLS library away: the paths of its source files, and names of functions.

use memchr::memmem;

use super::super::elf::ElfImage;

/// Bytes read at once.
const CHUNK: u64 = 256 * 1024;
/// Bytes of each section of constants looked at.
const MAX_CONSTANTS: u64 = 128 * 1024 * 1024;
/// Longest path in front of `ssl/ssl_lib.c`.
const MAX_PATH: u64 = 512;
/// Most places of one constant; the linker leaves one, a few with several libraries in one file.
const MAX_PLACES: usize = 64;

/// Where the source file with `SSL_read` is named.
const SOURCE: &[u8] = b"ssl/ssl_lib.c";

/// Virtual addresses of the paths of `ssl_lib`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// `…ssl/ssl_lib.cc`.
    pub boringssl: Vec<u64>,
    /// `…ssl/ssl_lib.c`.
    pub openssl: Vec<u64>,
}

/// Finds the paths.
pub fn marks(image: &ElfImage) -> Marks {
    let mut marks = Marks::default();
    for (_, offset) in places(image, &[SOURCE]) {
        let starts = starts(image, offset).into_iter();
        let paths = starts.filter_map(|start| image.address_of(start));
        let behind = image.read_vec(offset.saturating_add(SOURCE.len() as u64), 2);
        match behind.as_deref() {
            Ok([0, _]) => marks.openssl.extend(paths),
            Ok(b"c\0") => marks.boringssl.extend(paths),
            _ => {}
        }
    }
    marks
}

/// Virtual addresses at which each of `names` reads whole, with its index. Linkers keep a string
/// that ends a longer one only there, so it may begin anywhere.
pub fn names(image: &ElfImage, names: &[&str]) -> Vec<(usize, u64)> {
    let ended: Vec<Vec<u8>> = names
        .iter()
        .map(|name| [name.as_bytes(), b"\0"].concat())
        .collect();
    let needles: Vec<&[u8]> = ended.iter().map(Vec::as_slice).collect();
    places(image, &needles)
        .into_iter()
        .filter_map(|(index, offset)| Some((index, image.address_of(offset)?)))
        .collect()
}

/// Virtual addresses at which these bytes lie among the constants.
pub fn places_of(image: &ElfImage, bytes: &[u8]) -> Vec<u64> {
    places(image, &[bytes])
        .into_iter()
        .filter_map(|(_, offset)| image.address_of(offset))
        .collect()
}

/// Offsets in the file of each needle among the constants, by its index.
fn places(image: &ElfImage, needles: &[&[u8]]) -> Vec<(usize, u64)> {
    let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
    let longest = needles.iter().map(|needle| needle.len()).max();
    let overlap = longest.unwrap_or_default() as u64;
    let mut found: Vec<(usize, u64)> = Vec::new();
    for (offset, size) in image.constants() {
        let size = size.min(MAX_CONSTANTS);
        let mut at = 0;
        while at < size {
            let from = offset.saturating_add(at);
            let Ok(bytes) = image.read_vec(from, (CHUNK + overlap).min(size - at)) else {
                break;
            };
            for (index, finder) in finders.iter().enumerate() {
                for start in finder.find_iter(&bytes) {
                    let place = (index, from + start as u64);
                    let of_this = found.iter().filter(|(other, _)| *other == index).count();
                    if of_this < MAX_PLACES && !found.contains(&place) {
                        found.push(place);
                    }
                }
            }
            at += CHUNK;
        }
    }
    found
}

/// Where the string may begin that holds the byte at `offset`: behind the last end of one, and behind
/// the last byte that is no character, for compilers also put tables of jumps in front.
fn starts(image: &ElfImage, offset: u64) -> Vec<u64> {
    let from = offset.saturating_sub(MAX_PATH);
    let Ok(before) = image.read_vec(from, offset - from) else {
        return Vec::new();
    };
    let behind_last = |ends: fn(&u8) -> bool| {
        let end = before.iter().rposition(ends)?;
        Some(from + end as u64 + 1)
    };
    let by_end = behind_last(|&byte| byte == 0);
    let by_characters = behind_last(|byte| !(b' '..=b'~').contains(byte));
    let mut starts: Vec<u64> = by_end.into_iter().chain(by_characters).collect();
    starts.dedup();
    starts
}
