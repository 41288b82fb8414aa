//! What a probe in a record layer is told through the attach cookie: where the layer and the
//! message of one record are. For layers that are inlined into whatever calls them, so that the
//! arguments are wherever the compiler left them.

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

impl LayerPlace {
    /// At a place.
    pub const fn direct(place: Place) -> Self {
        Self { place, behind: 0 }
    }

    /// Behind a pointer. `None` unless the distance is a multiple of 8 from 0 to 2 KiB.
    pub const fn behind(place: Place, distance: i64) -> Option<Self> {
        let words = distance / WORD;
        if distance % WORD != 0 || words < 0 || words >= u8::MAX as i64 {
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

/// Where things are when a record is written or has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordPlaces {
    /// What names the connection: the first of the record layer's boxes, the encrypter's.
    pub layer: LayerPlace,
    /// The message to encrypt, or the result of decrypting one.
    pub message: Place,
    /// Of writes, how many words behind `layer` records are counted; of reads, the number by
    /// which a result says that it is one and no error.
    pub detail: u8,
}

impl RecordPlaces {
    /// With the number of the probed file.
    pub const fn cookie(self, source: u16) -> Cookie {
        Cookie(
            self.detail as u64
                | (self.layer.behind as u64) << 8
                | (source as u64) << 16
                | (self.layer.place.0 as u64) << 32
                | (self.message.0 as u64) << 48,
        )
    }

    /// Out of a cookie made by [`RecordPlaces::cookie`].
    #[inline(always)]
    pub const fn of(cookie: Cookie) -> Self {
        Self {
            layer: LayerPlace {
                place: Place((cookie.0 >> 32) as u16),
                behind: (cookie.0 >> 8) as u8,
            },
            message: Place((cookie.0 >> 48) as u16),
            detail: cookie.0 as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_the_cookie() {
        let mut registers = [0; 16];
        (registers[5], registers[15]) = (0x7000, 0x9000);
        let places = RecordPlaces {
            layer: LayerPlace::direct(Place::new(15, 16376).unwrap()),
            message: Place::new(5, -104).unwrap(),
            detail: 255,
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
        for distance in [0, 16, 2024] {
            let places = RecordPlaces {
                layer: LayerPlace::behind(pointer, distance).unwrap(),
                message: pointer,
                detail: 5,
            };
            let back = RecordPlaces::of(places.cookie(u16::MAX));
            assert_eq!(back, places);
            assert_eq!(back.layer.distance(), Some(distance as u64));
        }
        for distance in [-8, 4, 2040] {
            assert_eq!(LayerPlace::behind(pointer, distance), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_no_place() {
        for (register, distance) in [(16, 0), (0, 4), (0, 16384), (0, -16392)] {
            assert_eq!(Place::new(register, distance), None);
        }
        assert!(Place::new(0, -16384).is_some());
    }
}
