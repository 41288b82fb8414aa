//! What a probe in a record layer is told through the attach cookie: where the layer and the
//! message of one record are. For layers that are inlined into whatever calls them, so that the
//! arguments are wherever the compiler left them.
//!
//! A layer moves with the connection it is a part of: from the stack of an accept into a task, from
//! there into another. What its boxes hold stays where it is, so a connection is named by the address
//! of its encrypter, which lies on the heap from the first byte of plaintext on. Addresses are used
//! again, often at once; that a layer's counts begin anew tells the next connection from the last.

use crate::cookie::Cookie;

/// The sixteen general registers by the numbers that x86-64 instructions have for them.
pub type Registers = [u64; 16];

/// A place in the memory of the probed thread: so far from what a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place(u16);

const WORD: i64 = 8;
/// Bits of a [`Place`] for the distance, in words; the register's number is above.
const DISTANCE_BITS: u32 = 12;

impl Place {
    /// `None` unless the register's number is below 16, and the distance in bytes is a multiple of
    /// 8 and less than 16 KiB.
    pub const fn new(register: usize, distance: i64) -> Option<Self> {
        let words = distance / WORD;
        let most = 1 << (DISTANCE_BITS - 1);
        if register > 15 || distance % WORD != 0 || words >= most || words < -most {
            return None;
        }
        let words = words as u16 & ((1 << DISTANCE_BITS) - 1);
        Some(Self((register as u16) << DISTANCE_BITS | words))
    }

    /// Its address.
    #[inline(always)]
    pub const fn address(self, registers: &Registers) -> u64 {
        let register = registers[(self.0 >> DISTANCE_BITS & 15) as usize];
        let words = (self.0 << (16 - DISTANCE_BITS)) as i16 >> (16 - DISTANCE_BITS);
        register.wrapping_add_signed(words as i64 * WORD)
    }
}

/// Where a record layer is: at a place, or so far from where the pointer leads that lies at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LayerPlace {
    place: Place,
    /// 0 without a pointer, else the distance in words and one.
    behind: u8,
}

/// Bits of a cookie for [`LayerPlace::behind`].
const BEHIND_BITS: u32 = 6;

impl LayerPlace {
    /// At a place.
    pub const fn direct(place: Place) -> Self {
        Self { place, behind: 0 }
    }

    /// Behind a pointer. `None` unless the distance is a multiple of 8 and below 500.
    pub const fn behind(place: Place, distance: i64) -> Option<Self> {
        let words = distance / WORD;
        let most = (1 << BEHIND_BITS) - 1;
        if distance % WORD != 0 || words < 0 || words >= most {
            return None;
        }
        Some(Self {
            place,
            behind: words as u8 + 1,
        })
    }

    /// Its address, or that of the pointer.
    #[inline(always)]
    pub const fn address(self, registers: &Registers) -> u64 {
        self.place.address(registers)
    }

    /// How far behind the pointer, if there is one.
    #[inline(always)]
    pub const fn distance(self) -> Option<u64> {
        match self.behind {
            0 => None,
            words => Some((words as u64 - 1) * WORD as u64),
        }
    }
}

/// Where a record layer counts its records, the written before the read: behind both of its boxes,
/// with up to three words between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountsPlace(u8);

impl CountsPlace {
    /// Of two boxes of two words.
    const BOXES: i64 = 4;
    const BITS: u32 = 2;

    /// By the distance of the first count from the first box, in bytes. `None` unless it is one of
    /// 32, 40, 48 and 56.
    pub const fn new(distance: i64) -> Option<Self> {
        let between = distance / WORD - Self::BOXES;
        if distance % WORD != 0 || between < 0 || between >= 1 << Self::BITS {
            return None;
        }
        Some(Self(between as u8))
    }

    /// Their address in the layer at `layer`.
    #[inline(always)]
    pub const fn address(self, layer: u64) -> u64 {
        layer.wrapping_add((self.0 as u64 + Self::BOXES as u64) * WORD as u64)
    }
}

/// Where things are when a record is written or has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordPlaces {
    /// The first of the record layer's boxes, the encrypter's.
    pub layer: LayerPlace,
    /// The message to encrypt, or the result of decrypting one.
    pub message: Place,
    /// How many records there were.
    pub counts: CountsPlace,
    /// Of reads, the number by which a result says that it is one and no error.
    pub success: u8,
}

impl RecordPlaces {
    /// With the number of the probed file.
    pub const fn cookie(self, source: u16) -> Cookie {
        Cookie(
            self.success as u64
                | (self.layer.behind as u64) << 8
                | (self.counts.0 as u64) << (8 + BEHIND_BITS)
                | (source as u64) << 16
                | (self.layer.place.0 as u64) << 32
                | (self.message.0 as u64) << 48,
        )
    }

    /// Out of a cookie made by [`RecordPlaces::cookie`].
    #[inline(always)]
    pub const fn of(cookie: Cookie) -> Self {
        let layer = (cookie.0 >> 8) as u8;
        Self {
            layer: LayerPlace {
                place: Place((cookie.0 >> 32) as u16),
                behind: layer & ((1 << BEHIND_BITS) - 1),
            },
            message: Place((cookie.0 >> 48) as u16),
            counts: CountsPlace(layer >> BEHIND_BITS),
            success: cookie.0 as u8,
        }
    }
}

/// How many records a layer had encrypted and decrypted under its keys when it came to one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct RecordCounts {
    /// Encrypted.
    pub written: u64,
    /// Decrypted.
    pub read: u64,
}

impl RecordCounts {
    /// Whether a connection's keys are used for the first time. What its encrypter's address named
    /// before has ended, whether it said so or not.
    #[inline(always)]
    pub const fn is_first(self) -> bool {
        self.written == 0 && self.read == 0
    }
}

/// Whether records are missing between the one that was expected by its number and the one that came.
/// 0 expects nothing, and begins anew under another key.
#[inline(always)]
pub const fn skips(expected: u64, number: u64) -> bool {
    expected != 0 && number != 0 && number != expected
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{collections::HashMap, vec::Vec};

    use super::*;

    /// A connection as its layer sees it.
    struct Connection {
        encrypter: usize,
        counts: RecordCounts,
        /// Whether its peer has changed keys before anything was written.
        renamed: bool,
    }

    /// Connections come and go without a word, and the next has the address of the last.
    #[test]
    fn no_two_connections_share_a_name() {
        const ADDRESSES: usize = 4;
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % most
        };
        let mut live: Vec<(u64, Connection)> = Vec::new();
        let mut lives = [0_u64; ADDRESSES];
        let mut named: HashMap<(usize, u64), u64> = HashMap::new();
        let mut names: HashMap<u64, (usize, u64)> = HashMap::new();
        for step in 0..20_000 {
            let taken = |at: &usize| live.iter().any(|(_, other)| other.encrypter == *at);
            let free = (0..ADDRESSES).find(|at| !taken(at));
            if let Some(encrypter) = free
                && below(4) == 0
            {
                let counts = RecordCounts {
                    written: 0,
                    read: 0,
                };
                let renamed = false;
                let connection = Connection {
                    encrypter,
                    counts,
                    renamed,
                };
                live.push((step, connection));
            }
            if live.is_empty() {
                continue;
            }
            let chosen = below(live.len());
            let act = below(16);
            if act == 0 {
                live.swap_remove(chosen);
                continue;
            }
            let (id, connection) = &mut live[chosen];
            if act == 1 {
                connection.counts.read = 0;
                connection.renamed |= connection.counts.written == 0;
            }
            let at = connection.encrypter;
            if connection.counts.is_first() {
                lives[at] += 1;
            }
            let name = (at, lives[at]);
            assert_eq!(*named.entry(name).or_insert(*id), *id);
            if !connection.renamed {
                assert_eq!(*names.entry(*id).or_insert(name), name);
            }
            if act % 2 == 0 {
                connection.counts.written += 1;
            } else {
                connection.counts.read += 1;
            }
        }
        assert!(names.len() > 500, "{} connections", names.len());
    }

    #[test]
    fn places_survive_the_cookie() {
        let mut registers = [0; 16];
        (registers[5], registers[15]) = (0x7000, 0x9000);
        let places = RecordPlaces {
            layer: LayerPlace::direct(Place::new(15, 16376).unwrap()),
            message: Place::new(5, -104).unwrap(),
            counts: CountsPlace::new(56).unwrap(),
            success: 255,
        };
        let cookie = places.cookie(77);
        assert_eq!(cookie.source(), 77);
        let back = RecordPlaces::of(cookie);
        assert_eq!(back, places);
        assert_eq!(back.layer.address(&registers), 0x9000 + 16376);
        assert_eq!(back.layer.distance(), None);
        assert_eq!(back.message.address(&registers), 0x7000 - 104);
    }

    #[test]
    fn a_layer_behind_a_pointer_survives_the_cookie() {
        let pointer = Place::new(4, 8).unwrap();
        for distance in [0, 16, 496] {
            let places = RecordPlaces {
                layer: LayerPlace::behind(pointer, distance).unwrap(),
                message: pointer,
                counts: CountsPlace::new(32).unwrap(),
                success: 5,
            };
            let back = RecordPlaces::of(places.cookie(u16::MAX));
            assert_eq!(back, places);
            assert_eq!(back.layer.distance(), Some(distance as u64));
        }
        for distance in [-8, 4, 504] {
            assert_eq!(LayerPlace::behind(pointer, distance), None);
        }
    }

    #[test]
    fn counts_lie_close_behind_both_boxes() {
        for distance in [32, 40, 48, 56] {
            let counts = CountsPlace::new(distance).unwrap();
            assert_eq!(counts.address(0x1000), 0x1000 + distance as u64);
        }
        for distance in [-8, 0, 24, 36, 64] {
            assert_eq!(CountsPlace::new(distance), None);
        }
    }

    #[test]
    fn missing_records_are_told_by_their_numbers() {
        assert!(skips(3, 5) && skips(3, 2));
        assert!(!skips(3, 3));
        // The first that is seen, and the first under another key.
        assert!(!skips(0, 7) && !skips(9, 0));
    }

    #[test]
    fn what_does_not_fit_is_no_place() {
        for (register, distance) in [(16, 0), (0, 4), (0, 16384), (0, -16392)] {
            assert_eq!(Place::new(register, distance), None);
        }
        assert!(Place::new(0, -16384).is_some());
    }
}
