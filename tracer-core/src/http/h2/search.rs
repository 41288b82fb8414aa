//! Finds the frames of a direction again after a loss.
//!
//! Bias: towards silence. Two frame headers in a row that are where the first one says, and both as
//! strict as [`FrameHeader::is_plausible`], are believed. Text never holds one, as each has bytes that
//! text has not; by chance any bytes do once in some 10^15 places. What is passed over costs the
//! frames up to there, in streams that are known to have a gap.

use memchr::memchr;

use super::frame::{FrameHeader, HEADER_BYTES, USUAL_MAX_LENGTH};
use crate::time::Timestamp;

/// Bytes that are looked at together: with a frame of the usual size that is waited for, the most
/// that is ever held.
const WINDOW: usize = 16 << 10;
/// Times that are told apart in them; pieces beyond are taken to have come together.
const MOST_ARRIVALS: usize = 64;

/// A search under way.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// From a place on that may be a frame.
    held: Vec<u8>,
    arrivals: Vec<Arrived>,
}

/// So many of the held bytes came at this time.
#[derive(Debug, Clone, Copy)]
struct Arrived {
    length: usize,
    time: Timestamp,
}

/// The frames that were found, as far as they have come.
#[derive(Debug)]
pub(super) struct Found {
    held: Vec<u8>,
    arrivals: Vec<Arrived>,
}

impl Search {
    /// Takes bytes off until frames are found.
    pub(super) fn read(&mut self, time: Timestamp, bytes: &mut &[u8]) -> Option<Found> {
        loop {
            if self.scan() {
                return Some(Found {
                    held: std::mem::take(&mut self.held),
                    arrivals: std::mem::take(&mut self.arrivals),
                });
            }
            if bytes.is_empty() {
                return None;
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(WINDOW));
            *bytes = rest;
            self.hold(time, piece);
        }
    }

    /// Takes bytes, to be searched with the next ones.
    pub(super) fn hold(&mut self, time: Timestamp, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let full = self.arrivals.len() >= MOST_ARRIVALS;
        match self.arrivals.last_mut() {
            Some(last) if full || last.time == time => {
                last.length += bytes.len();
                last.time = time;
            }
            _ => self.arrivals.push(Arrived {
                length: bytes.len(),
                time,
            }),
        }
    }

    /// Memory held for what may be frames.
    pub(super) fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Lets go of what is no frame; whether the rest is one.
    fn scan(&mut self) -> bool {
        let mut at = 0;
        let found = loop {
            let rest = self.held.get(at..).unwrap_or_default();
            // A length of at most 65535 begins with a zero.
            let Some(zero) = memchr(0, rest) else {
                at = self.held.len();
                break false;
            };
            at += zero;
            match frames_begin(self.held.get(at..).unwrap_or_default()) {
                Some(true) => break true,
                Some(false) => at += 1,
                None => break false,
            }
        };
        self.held.drain(..at);
        self.let_go(at);
        found
    }

    fn let_go(&mut self, mut bytes: usize) {
        self.arrivals.retain_mut(|arrived| {
            let gone = bytes.min(arrived.length);
            arrived.length -= gone;
            bytes -= gone;
            arrived.length > 0
        });
        if self.held.is_empty() {
            *self = Self::default();
        }
    }
}

impl Found {
    /// The pieces in which they came.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Timestamp, &[u8])> {
        let mut rest = self.held.as_slice();
        self.arrivals.iter().map(move |arrived| {
            let (piece, after) = rest.split_at(arrived.length.min(rest.len()));
            rest = after;
            (arrived.time, piece)
        })
    }
}

/// Whether two frames begin here; `None` if that is still open.
fn frames_begin(bytes: &[u8]) -> Option<bool> {
    let first = FrameHeader::parse(*bytes.first_chunk::<HEADER_BYTES>()?);
    if !first.is_plausible(USUAL_MAX_LENGTH) || first.is_continuation() {
        return Some(false);
    }
    let behind = bytes.get(HEADER_BYTES + first.length as usize..)?;
    let second = FrameHeader::parse(*behind.first_chunk::<HEADER_BYTES>()?);
    Some(second.is_plausible(USUAL_MAX_LENGTH) && first.may_precede(&second))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ping, and the header of a window update.
    const FRAMES: &[u8] = b"\0\0\x08\x06\0\0\0\0\0pingpong\0\0\x04\x08\0\0\0\0\x01";

    /// The bytes from the frames on, however the search is fed.
    fn search(bytes: &[u8], cut: usize) -> Option<Vec<u8>> {
        let mut search = Search::default();
        let mut found = Vec::new();
        for (number, piece) in bytes.chunks(cut).enumerate() {
            let mut rest = piece;
            let time = Timestamp::from_unix_nanos(number as u64);
            if let Some(frames) = search.read(time, &mut rest) {
                for (_, bytes) in frames.pieces() {
                    found.extend_from_slice(bytes);
                }
                found.extend_from_slice(rest);
                found.extend_from_slice(bytes.get((number + 1) * cut..).unwrap_or_default());
                return Some(found);
            }
            assert!(search.held.len() <= WINDOW + (1 << 14) + 18);
        }
        None
    }

    #[test]
    fn frames_are_found_behind_anything_and_in_any_pieces() {
        for before in [
            &b""[..],
            b"data: {\"usage\":1}\n\n",
            b"\0\0\0\0\0\0\0\0\0\0",
            // A data frame whose end is not followed by one.
            b"\0\0\x02\0\0\0\0\0\x01xy\0",
            &[0xff; 40_000],
        ] {
            let bytes = [before, FRAMES].concat();
            for cut in [1, 2, 7, 18, 16_384, 100_000] {
                assert_eq!(search(&bytes, cut).as_deref(), Some(FRAMES), "{cut}");
            }
        }
    }

    #[test]
    fn one_frame_alone_is_not_believed() {
        let (frame, _) = FRAMES.split_at(17);
        assert_eq!(search(frame, 1), None);
        assert_eq!(search(&[frame, b"{\"a\":1} and more"].concat(), 1), None);
    }

    #[test]
    fn times_are_those_of_the_pieces() {
        let mut search = Search::default();
        let at = Timestamp::from_unix_nanos;
        assert!(search.read(at(1), &mut &b"text\0\0\x08"[..]).is_none());
        let mut rest = FRAMES.get(3..).expect("longer");
        let found = search.read(at(2), &mut rest).expect("frames");
        let pieces: Vec<_> = found.pieces().collect();
        assert_eq!(pieces[0], (at(1), &b"\0\0\x08"[..]));
        assert_eq!(pieces[1].0, at(2));
    }
}
