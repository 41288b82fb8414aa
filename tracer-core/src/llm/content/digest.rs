//! Digests of texts: equal for texts that are equal, and keyed anew with every start.
//!
//! A text is read as the coefficients of a polynomial, seven bytes each, whose value at a secret point
//! modulo a prime is its digest. Two texts of `n` bytes that differ have the same one with a chance of
//! at most `n / 7 / 2^61`, whoever wrote them, unless they know the point. The state is three numbers,
//! copied at will, where that of a common hash would be larger than most texts.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::LazyLock,
};

/// A Mersenne prime: the rest is found by adding.
const PRIME: u64 = (1 << 61) - 1;
/// Bytes of a coefficient: the most that stay below the prime.
const WORD: usize = 7;

/// Coefficients that are read at a time: each step waits for the one before.
const TOGETHER: usize = 4;

/// Where polynomials are evaluated: the point, and its powers.
static POINT: LazyLock<[u64; TOGETHER]> = LazyLock::new(|| {
    let point = RandomState::new().hash_one("point") % (PRIME - 256) + 256;
    let mut powers = [point; TOGETHER];
    for at in 1..TOGETHER {
        powers[at] = step(powers[at - 1], point, 0);
    }
    powers
});

/// The digest of a text that comes in pieces, the same however it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextDigest {
    sum: u64,
    /// The bytes that do not make a coefficient yet, the first one lowest.
    word: u64,
    bytes: u64,
}

impl TextDigest {
    /// Of a whole text.
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut digest = Self::default();
        digest.feed(text);
        digest
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let powers = &*POINT;
        let [point, ..] = *powers;
        let has = (self.bytes % WORD as u64) as usize;
        self.bytes = self.bytes.wrapping_add(piece.len() as u64);
        let missing = if has == 0 { 0 } else { WORD - has };
        let (first, rest) = piece.split_at(missing.min(piece.len()));
        for (byte, at) in first.iter().zip(has..) {
            self.word |= u64::from(*byte) << (8 * at);
        }
        if first.len() < missing {
            return;
        }
        if has > 0 {
            self.sum = step(self.sum, point, self.word);
        }
        let (words, last) = rest.as_chunks::<WORD>();
        let (together, words) = words.as_chunks::<TOGETHER>();
        for words in together {
            self.sum = steps(self.sum, powers, words);
        }
        for word in words {
            self.sum = step(self.sum, point, coefficient(word));
        }
        self.word = 0;
        for (byte, at) in last.iter().zip(0..) {
            self.word |= u64::from(*byte) << (8 * at);
        }
    }

    /// Bytes so far.
    pub(crate) const fn len(self) -> u64 {
        self.bytes
    }

    /// The digest of all that came.
    pub(crate) fn value(self) -> u64 {
        join(step(self.sum, POINT[0], self.word), self.bytes)
    }
}

/// The digest of a text.
pub(crate) fn digest(text: &str) -> u64 {
    TextDigest::of(text.as_bytes()).value()
}

/// A digest of two in this order.
pub(crate) const fn join(first: u64, second: u64) -> u64 {
    let product =
        (first ^ 0x9e37_79b9_7f4a_7c15) as u128 * (second ^ 0xd6e8_feb8_6659_fd93) as u128;
    let folded = (product as u64) ^ (product >> 64) as u64;
    folded.rotate_left(23) ^ first.rotate_left(41) ^ second
}

const fn coefficient(&[a, b, c, d, e, f, g]: &[u8; WORD]) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, f, g, 0])
}

/// `sum * point + word`, modulo the prime.
const fn step(sum: u64, point: u64, word: u64) -> u64 {
    rest(sum as u128 * point as u128 + word as u128)
}

/// The same with each of the words: the products do not wait for each other.
fn steps(sum: u64, powers: &[u64; TOGETHER], words: &[[u8; WORD]; TOGETHER]) -> u64 {
    let times = |factor: u64, power: u64| u128::from(factor) * u128::from(power);
    let [p1, p2, p3, p4] = *powers;
    let [a, b, c, d] = words.each_ref().map(coefficient);
    rest(times(sum, p4) + times(a, p3) + times(b, p2) + times(c, p1) + u128::from(d))
}

/// Modulo the prime, of less than 2^124.
const fn rest(number: u128) -> u64 {
    let folded = (number as u64 & PRIME) + (number >> 61) as u64;
    let folded = (folded & PRIME) + (folded >> 61);
    if folded >= PRIME {
        folded - PRIME
    } else {
        folded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cuts_do_not_matter(text: Vec<u8>, cut in 0usize..40, second in 0usize..40) {
            let (one, rest) = text.split_at(cut.min(text.len()));
            let (two, three) = rest.split_at(second.min(rest.len()));
            let mut pieces = TextDigest::default();
            for piece in [one, two, three] {
                pieces.feed(piece);
            }
            prop_assert_eq!(pieces, TextDigest::of(&text));
            prop_assert_eq!(pieces.len(), text.len() as u64);
        }

        /// Word by word, as the polynomial is defined.
        #[test]
        fn several_words_at_a_time_are_one_after_the_other(text: Vec<u8>) {
            let mut digest = TextDigest::default();
            let (words, last) = text.as_chunks::<WORD>();
            for word in words {
                digest.sum = step(digest.sum, POINT[0], coefficient(word));
            }
            let mut padded = [0; WORD];
            padded[..last.len()].copy_from_slice(last);
            digest.word = coefficient(&padded);
            digest.bytes = text.len() as u64;
            prop_assert_eq!(digest, TextDigest::of(&text));
        }

        #[test]
        fn the_rest_is_that_of_a_division(high in 0..1_u64 << 60, low: u64) {
            let number = u128::from(high) << 64 | u128::from(low);
            prop_assert_eq!(u128::from(rest(number)), number % u128::from(PRIME));
        }

        #[test]
        fn other_texts_have_other_digests(text in "[a-c]{0,40}", other in "[a-c]{0,40}") {
            prop_assert_eq!(digest(&text) == digest(&other), text == other);
        }
    }

    #[test]
    fn length_counts_where_bytes_are_zero() {
        let digests: Vec<_> = (0..30)
            .map(|n| TextDigest::of(&vec![0; n]).value())
            .collect();
        for (at, digest) in digests.iter().enumerate() {
            assert!(!digests[..at].contains(digest), "{at}");
        }
    }

    #[test]
    fn order_counts() {
        assert_ne!(join(1, 2), join(2, 1));
        assert_ne!(join(join(1, 2), 3), join(1, join(2, 3)));
    }
}
