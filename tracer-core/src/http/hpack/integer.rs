//! Integers, RFC 7541 section 5.1.

/// An integer of which more bytes are to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer {
    value: u32,
    shift: u8,
}

/// What the bytes so far came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Done(u32),
    More(Integer),
    /// It is larger than anything that makes sense here.
    TooLarge,
}

/// Groups of seven bits that are read at most: what a `u32` holds.
const LARGEST_SHIFT: u8 = 28;

impl Integer {
    /// Begins with the low `bits` bits of a byte.
    pub(super) const fn begin(byte: u8, bits: u8) -> Read {
        let full = (1_u8 << bits) - 1;
        let value = byte & full;
        if value < full {
            Read::Done(value as u32)
        } else {
            Read::More(Self {
                value: value as u32,
                shift: 0,
            })
        }
    }

    /// Goes on with the next byte.
    pub(super) fn next(self, byte: u8) -> Read {
        let group = u32::from(byte & 0x7f);
        let Some(value) = group
            .checked_shl(u32::from(self.shift))
            .filter(|shifted| shifted >> self.shift == group)
            .and_then(|shifted| self.value.checked_add(shifted))
        else {
            return Read::TooLarge;
        };
        if byte & 0x80 == 0 {
            Read::Done(value)
        } else if self.shift < LARGEST_SHIFT {
            Read::More(Self {
                value,
                shift: self.shift + 7,
            })
        } else {
            Read::TooLarge
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bits: u8, bytes: &[u8]) -> Read {
        let (first, rest) = bytes.split_first().expect("a byte");
        rest.iter()
            .fold(Integer::begin(*first, bits), |read, byte| match read {
                Read::More(integer) => integer.next(*byte),
                other => other,
            })
    }

    /// RFC 7541 appendix C.1.
    #[test]
    fn examples_of_the_rfc() {
        assert_eq!(read(5, &[0b1110_1010]), Read::Done(10));
        assert_eq!(read(5, &[0b0001_1111, 0x9a, 0x0a]), Read::Done(1337));
        assert_eq!(read(7, &[0x7f, 0x00]), Read::Done(127));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert_eq!(
            read(7, &[0x7f, 0x80, 0xff, 0xff, 0xff, 0x0f]),
            Read::Done(u32::MAX)
        );
        assert_eq!(
            read(7, &[0x7f, 0x81, 0xff, 0xff, 0xff, 0x0f]),
            Read::TooLarge
        );
        assert_eq!(read(7, &[0x7f, 0, 0, 0]), Read::Done(127));
        assert_eq!(
            read(7, &[0x7f, 0x80, 0x80, 0x80, 0x80, 0x10]),
            Read::TooLarge
        );
        assert_eq!(
            read(7, &[0x7f, 0x80, 0x80, 0x80, 0x80, 0x80]),
            Read::TooLarge
        );
    }
}
