//! Ordered bytes of one direction, with what is missing made explicit.
//!
//! The capture side delivers the segments of a direction in order of their offsets (see
//! [`Segment`](crate::segment::Segment)), so nothing is ever held back or copied here: a jump in
//! the offset is a loss that no later segment can fill, an overlap is a repetition.

/// The place in the byte stream of one direction up to which everything was seen or given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reassembly {
    next: u64,
}

/// What a segment adds to its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Bytes lost before `bytes`.
    pub missing: u64,
    /// The bytes not seen before; empty if the segment repeats what was seen.
    pub bytes: &'a [u8],
}

impl Reassembly {
    /// Takes the segment that begins at `offset` and returns the part of it that is new.
    pub fn accept<'a>(&mut self, offset: u64, bytes: &'a [u8]) -> Piece<'a> {
        let missing = offset.saturating_sub(self.next);
        let seen = usize::try_from(self.next.saturating_sub(offset)).unwrap_or(usize::MAX);
        let bytes = bytes.get(seen..).unwrap_or_default();
        // An empty segment still tells how far its direction has come.
        let start = offset.max(self.next);
        self.next = start.saturating_add(bytes.len() as u64);
        Piece { missing, bytes }
    }

    /// The direction moved `total` bytes in all: returns how many of them were not seen at its end.
    pub fn finish(&mut self, total: u64) -> u64 {
        let missing = total.saturating_sub(self.next);
        self.next = self.next.max(total);
        missing
    }

    /// Offset of the next byte.
    pub const fn next_offset(&self) -> u64 {
        self.next
    }
}

/// Any offsets: what is new and what is missing add up to how far the direction has come.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_reassembly(mut data: &[u8]) {
    let mut direction = Reassembly::default();
    while let Some((offset, rest)) = data.split_first_chunk() {
        let (length, rest) = rest.split_first().unwrap_or((&0, rest));
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        let before = direction.next_offset();
        // Mostly near the place where the stream is, at times anywhere.
        let offset = match u64::from_le_bytes(*offset) {
            far if far % 4 == 0 => far,
            near => before.saturating_add(near % 64).saturating_sub(32),
        };
        let piece = direction.accept(offset, bytes);
        let after = before
            .saturating_add(piece.missing)
            .saturating_add(piece.bytes.len() as u64);
        assert_eq!(direction.next_offset(), after);
        assert!(bytes.ends_with(piece.bytes));
        data = rest;
    }
    let rest = u64::MAX - direction.next_offset();
    assert_eq!(direction.finish(u64::MAX), rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(missing: u64, bytes: &[u8]) -> Piece<'_> {
        Piece { missing, bytes }
    }

    #[test]
    fn segments_in_order_pass_through() {
        let mut direction = Reassembly::default();
        assert_eq!(direction.accept(0, b"abc"), piece(0, b"abc"));
        assert_eq!(direction.accept(3, b"de"), piece(0, b"de"));
        assert_eq!(direction.next_offset(), 5);
    }

    #[test]
    fn a_jump_is_a_loss_of_known_length() {
        let mut direction = Reassembly::default();
        assert_eq!(direction.accept(7, b"abc"), piece(7, b"abc"));
        assert_eq!(direction.accept(10, b"d"), piece(0, b"d"));
        assert_eq!(direction.finish(20), 9);
        assert_eq!(direction.finish(20), 0);
    }

    #[test]
    fn what_was_seen_does_not_come_again() {
        let mut direction = Reassembly::default();
        direction.accept(0, b"abcd");
        assert_eq!(direction.accept(2, b"cdef"), piece(0, b"ef"));
        assert_eq!(direction.accept(1, b"bc"), piece(0, b""));
        assert_eq!(direction.next_offset(), 6);
    }

    #[test]
    fn offsets_at_the_end_of_their_range_do_not_overflow() {
        let mut direction = Reassembly::default();
        assert_eq!(direction.accept(u64::MAX, b"abc"), piece(u64::MAX, b"abc"));
        assert_eq!(direction.accept(u64::MAX, b"abc"), piece(0, b"abc"));
    }

    proptest! {
        /// However the bytes are cut, lost and repeated: what comes out are the bytes at their
        /// offsets, and what comes out plus what is missing is all there was.
        #[test]
        fn bytes_keep_their_offsets(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cuts in proptest::collection::vec((1usize..40, 0usize..20, any::<bool>()), 0..40),
        ) {
            let mut direction = Reassembly::default();
            let (mut at, mut offset) = (0usize, 0usize);
            for (length, back, lost) in cuts {
                let start = offset.saturating_sub(back);
                let end = bytes.len().min(offset + length);
                offset = end;
                if lost {
                    continue;
                }
                let piece = direction.accept(start as u64, &bytes[start..end]);
                at += usize::try_from(piece.missing).unwrap();
                prop_assert_eq!(piece.bytes, &bytes[at..at + piece.bytes.len()]);
                at += piece.bytes.len();
            }
            at += usize::try_from(direction.finish(bytes.len() as u64)).unwrap();
            prop_assert_eq!(at, bytes.len());
        }
    }
}
