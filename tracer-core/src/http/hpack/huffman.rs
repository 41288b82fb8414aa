//! The Huffman code of strings, RFC 7541 section 5.2 and appendix B.
//!
//! The code is canonical: codes of one length are consecutive, in the order of their symbols, and
//! follow those of the shorter lengths. So the lengths are all there is to know; the rest is computed
//! when compiling.

/// The bits of the code of each byte, and of the end of a string.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // to `/`
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // to `?`
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // to `O`
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // to `_`
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // to `o`
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30,
];

const END_OF_STRING: u16 = 256;
const LONGEST: usize = 30;
/// Codes up to this length are looked up at once.
const SHORT: usize = 8;

const CODE: Code = Code::new();

/// The code, by length.
struct Code {
    /// All symbols, by length and value.
    symbols: [u16; 257],
    /// The first code of each length, and where its symbol stands.
    first: [(u32, usize); LONGEST + 2],
    /// What the next eight bits begin with: a symbol and the length of its code, 0 if it is longer.
    short: [(u8, u8); 1 << SHORT],
}

impl Code {
    const fn new() -> Self {
        let mut code = Self {
            symbols: [0; 257],
            first: [(0, 0); LONGEST + 2],
            short: [(0, 0); 1 << SHORT],
        };
        let (mut next, mut at, mut length) = (0_u32, 0, 1);
        while length <= LONGEST {
            next <<= 1;
            code.first[length] = (next, at);
            let mut symbol = 0;
            while symbol < LENGTHS.len() {
                if LENGTHS[symbol] as usize == length {
                    code.symbols[at] = symbol as u16;
                    if length <= SHORT {
                        let free = SHORT - length;
                        let mut low = 0;
                        while low < 1 << free {
                            code.short[((next as usize) << free) + low] =
                                (symbol as u8, length as u8);
                            low += 1;
                        }
                    }
                    at += 1;
                    next += 1;
                }
                symbol += 1;
            }
            length += 1;
        }
        code.first[LONGEST + 1] = (next, at);
        code
    }

    /// The symbol whose code of `length` bits this is.
    fn long(&self, bits: u32, length: usize) -> Option<u16> {
        let (first, at) = *self.first.get(length)?;
        let (_, end) = *self.first.get(length + 1)?;
        let place = at + usize::try_from(bits.checked_sub(first)?).ok()?;
        self.symbols.get(place).copied().filter(|_| place < end)
    }
}

/// A coded string makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invalid;

/// Bits of a string that do not make a symbol yet: fewer than the longest code has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bits {
    value: u64,
    count: u8,
}

impl Bits {
    /// Takes the next bytes and reports what they decode to.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        on_byte: &mut impl FnMut(u8),
    ) -> Result<(), Invalid> {
        for byte in bytes {
            self.value = self.value << 8 | u64::from(*byte);
            self.count += 8;
            while self.count >= SHORT as u8 {
                let Some(symbol) = self.take()? else { break };
                on_byte(symbol);
            }
        }
        Ok(())
    }

    /// The string is over: what is left must be padding, the beginning of the code of its end.
    pub(super) fn finish(mut self, on_byte: &mut impl FnMut(u8)) -> Result<(), Invalid> {
        while self.count > 0 {
            if self.count >= SHORT as u8 {
                return Err(Invalid);
            }
            let padded = self.value << (SHORT as u8 - self.count) | 0xff >> self.count;
            match short(padded) {
                (symbol, length) if (1..=self.count).contains(&length) => {
                    self.count -= length;
                    on_byte(symbol);
                }
                _ if padded & 0xff == 0xff => return Ok(()),
                _ => return Err(Invalid),
            }
        }
        Ok(())
    }

    /// Takes a symbol off; `None` if its code is not there to its end.
    fn take(&mut self) -> Result<Option<u8>, Invalid> {
        let (symbol, length) = short(self.value >> (self.count - SHORT as u8));
        if length > 0 {
            self.count -= length;
            return Ok(Some(symbol));
        }
        for length in SHORT + 1..=LONGEST.min(usize::from(self.count)) {
            let bits = self.value >> (usize::from(self.count) - length) & ((1 << length) - 1);
            match u32::try_from(bits)
                .ok()
                .and_then(|bits| CODE.long(bits, length))
            {
                None => {}
                Some(END_OF_STRING) => return Err(Invalid),
                Some(symbol) => {
                    self.count -= length as u8;
                    return u8::try_from(symbol).map(Some).map_err(|_| Invalid);
                }
            }
        }
        Ok(None)
    }
}

/// What the low eight bits begin with.
fn short(bits: u64) -> (u8, u8) {
    CODE.short
        .get((bits & 0xff) as usize)
        .copied()
        .unwrap_or_default()
}

/// The code of a byte and its length, for encoders of tests.
#[cfg(test)]
pub(super) fn code_of(byte: u8) -> (u32, u8) {
    let length = LENGTHS[usize::from(byte)];
    let (first, at) = CODE.first[usize::from(length)];
    let place = CODE
        .symbols
        .iter()
        .position(|symbol| *symbol == u16::from(byte))
        .expect("every byte has a code");
    (first + u32::try_from(place - at).expect("small"), length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8], cut: usize) -> Result<Vec<u8>, Invalid> {
        let (mut bits, mut out) = (Bits::default(), Vec::new());
        for piece in bytes.chunks(cut) {
            bits.feed(piece, &mut |byte| out.push(byte))?;
        }
        bits.finish(&mut |byte| out.push(byte))?;
        Ok(out)
    }

    fn encode(text: &[u8]) -> Vec<u8> {
        let mut bits = String::new();
        for byte in text {
            let (code, length) = code_of(*byte);
            bits += &format!("{code:0width$b}", width = usize::from(length));
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        bits.as_bytes()
            .chunks(8)
            .map(|byte| {
                u8::from_str_radix(std::str::from_utf8(byte).expect("ASCII"), 2).expect("bits")
            })
            .collect()
    }

    /// RFC 7541 appendix B: some codes of each size, as the table there has them.
    #[test]
    fn codes_of_the_rfc() {
        for (symbol, code, length) in [
            (b'0', 0x0, 5),
            (b't', 0x9, 5),
            (b' ', 0x14, 6),
            (b':', 0x5c, 7),
            (b'z', 0x7b, 7),
            (b'&', 0xf8, 8),
            (b'Z', 0xfd, 8),
            (b'!', 0x3f8, 10),
            (b'\\', 0x7fff0, 19),
            (0x80, 0xfffe6, 20),
            (0, 0x1ff8, 13),
            (0xff, 0x03ff_ffee, 26),
            (0x16, 0x3fff_fffe, 30),
        ] {
            assert_eq!(code_of(symbol), (code, length), "{symbol:#x}");
        }
    }

    #[test]
    fn padding_is_short_and_all_ones() {
        assert_eq!(decode(&[0x1f], 1), Ok(b"a".to_vec()));
        assert_eq!(decode(&[0x1e], 1), Err(Invalid), "a zero in it");
        assert_eq!(decode(&[0x1f, 0xff], 1), Err(Invalid), "longer than 7 bits");
        assert_eq!(
            decode(&[0xff, 0xff, 0xff, 0xff], 1),
            Err(Invalid),
            "the end itself"
        );
        assert_eq!(decode(&[], 1), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_coded_decodes_in_any_pieces(
            text in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 1usize..20,
        ) {
            prop_assert_eq!(decode(&encode(&text), cut), Ok(text));
        }

        #[test]
        fn any_bytes_decode_alike_in_any_pieces(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            cut in 1usize..20,
        ) {
            prop_assert_eq!(decode(&bytes, cut), decode(&bytes, usize::MAX));
        }
    }
}
