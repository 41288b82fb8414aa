//! Bodies without their transfer coding: RFC 9112 sections 6 and 7.

use memchr::memchr;

use crate::http::framing::Length;

/// Bytes of one line of chunk size and extensions, and of all trailers of a body, at most.
const LINE_BYTES: u32 = 64 << 10;
/// Hexadecimal digits of a chunk size, at most: what a `u64` holds.
const SIZE_DIGITS: u8 = 16;

/// Where in a body we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes to come, never zero.
    Length(u64),
    Chunked(Chunk),
    UntilClose,
}

/// Where in the chunked coding we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the digits of a size.
    Size { value: u64, digits: u8 },
    /// Behind the digits, up to the end of the line; so many bytes of it were seen.
    Extension { size: u64, seen: u32 },
    /// In the data; so many bytes to come, never zero.
    Data(u64),
    /// Before the line end that follows the data.
    DataEnd,
    /// Behind the last chunk: in a line that is empty so far or not; so many bytes were seen.
    Trailer { empty: bool, seen: u32 },
}

/// What the next bytes of a body are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Bytes of the body.
    Data(&'a [u8]),
    /// All bytes were used up.
    More,
    /// The body is complete.
    End,
    /// The coding makes no sense.
    Nonsense,
}

impl Body {
    /// The body of a message of this length, `None` if there is none.
    pub(crate) fn new(length: Length) -> Option<Self> {
        match length {
            Length::None => None,
            Length::Known(bytes) => Some(Self::Length(bytes)),
            Length::Chunked => Some(Self::Chunked(Chunk::size())),
            Length::UntilClose => Some(Self::UntilClose),
        }
    }

    /// Takes some bytes off `bytes`. To be called until it returns something else than data.
    pub(crate) fn step<'a>(&mut self, bytes: &mut &'a [u8]) -> Step<'a> {
        match self {
            Self::Length(0) => Step::End,
            _ if bytes.is_empty() => Step::More,
            Self::Length(remaining) => Step::Data(take(bytes, remaining)),
            Self::Chunked(chunk) => chunk.step(bytes),
            Self::UntilClose => Step::Data(std::mem::take(bytes)),
        }
    }

    /// Leaves out `missing` bytes. `false` if it is not known what follows them.
    pub(crate) fn skip(&mut self, missing: u64) -> bool {
        match self {
            Self::Length(remaining) if missing <= *remaining => *remaining -= missing,
            Self::Chunked(chunk @ Chunk::Data(_)) => return chunk.skip(missing),
            Self::UntilClose => {}
            Self::Length(_) | Self::Chunked(_) => return false,
        }
        true
    }

    /// Bytes that are certainly still to come.
    pub(crate) fn remaining(&self) -> u64 {
        match self {
            Self::Length(remaining) | Self::Chunked(Chunk::Data(remaining)) => *remaining,
            Self::Chunked(_) | Self::UntilClose => 0,
        }
    }
}

impl Chunk {
    const fn size() -> Self {
        Self::Size {
            value: 0,
            digits: 0,
        }
    }

    fn step<'a>(&mut self, bytes: &mut &'a [u8]) -> Step<'a> {
        while !bytes.is_empty() {
            let next = match self {
                Self::Size { value, digits } => size_digits(*value, *digits, bytes),
                Self::Extension { size, seen } => extension(*size, *seen, bytes),
                Self::Data(remaining) => {
                    let data = take(bytes, remaining);
                    if *remaining == 0 {
                        *self = Self::DataEnd;
                    }
                    return Step::Data(data);
                }
                Self::DataEnd => data_end(bytes),
                Self::Trailer { empty, seen } => match trailer(*empty, *seen, bytes) {
                    Some(TrailerStep::End) => return Step::End,
                    Some(TrailerStep::Next(next)) => Some(next),
                    None => None,
                },
            };
            match next {
                Some(next) => *self = next,
                None => return Step::Nonsense,
            }
        }
        Step::More
    }

    fn skip(&mut self, missing: u64) -> bool {
        match self {
            Self::Data(remaining) if missing < *remaining => *remaining -= missing,
            Self::Data(remaining) if missing == *remaining => *self = Self::DataEnd,
            _ => return false,
        }
        true
    }
}

/// Looks for the end of a chunked body whose chunks are no longer known: the line end of the last
/// data, a chunk of size 0 and no trailers.
///
/// Bias: towards ending. Data that holds this sequence ends the body early; the streams of models do
/// not, and the body is known to have a gap in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LastChunkSearch {
    matched: usize,
}

impl LastChunkSearch {
    const PATTERN: &[u8] = b"\r\n0\r\n\r\n";

    /// Takes bytes off up to the end of the body; `true` if it was found.
    pub(crate) fn passes(&mut self, bytes: &mut &[u8]) -> bool {
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            self.matched = match (self.matched, byte) {
                (matched, byte) if Self::PATTERN.get(matched) == Some(byte) => matched + 1,
                // `\r\n0\r\n` and a 0 is `\r\n0` again; a CR always begins anew.
                (5, b'0') => 3,
                (_, b'\r') => 1,
                _ => 0,
            };
            if self.matched == Self::PATTERN.len() {
                return true;
            }
        }
        false
    }
}

/// Takes as much of what remains as there is.
fn take<'a>(bytes: &mut &'a [u8], remaining: &mut u64) -> &'a [u8] {
    let length = usize::try_from(*remaining)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let (data, rest) = bytes.split_at(length);
    *bytes = rest;
    *remaining -= length as u64;
    data
}

/// The next states; `None` is nonsense.
fn size_digits(mut value: u64, mut digits: u8, bytes: &mut &[u8]) -> Option<Chunk> {
    while let [byte, rest @ ..] = *bytes {
        let Some(digit) = char::from(*byte).to_digit(16) else {
            return (digits > 0).then_some(Chunk::Extension {
                size: value,
                seen: 0,
            });
        };
        if digits == SIZE_DIGITS {
            return None;
        }
        value = value << 4 | u64::from(digit);
        digits += 1;
        *bytes = rest;
    }
    Some(Chunk::Size { value, digits })
}

fn extension(size: u64, seen: u32, bytes: &mut &[u8]) -> Option<Chunk> {
    // What follows the digits is the end of the line, white space or an extension.
    if seen == 0 && !matches!(bytes.first()?, b'\r' | b'\n' | b' ' | b'\t' | b';') {
        return None;
    }
    match memchr(b'\n', bytes) {
        Some(end) => {
            *bytes = bytes.get(end + 1..).unwrap_or_default();
            Some(if size == 0 {
                Chunk::Trailer {
                    empty: true,
                    seen: 0,
                }
            } else {
                Chunk::Data(size)
            })
        }
        None => Some(Chunk::Extension {
            size,
            seen: count(seen, std::mem::take(bytes))?,
        }),
    }
}

/// A carriage return is optional, so it need not be remembered whether there was one.
fn data_end(bytes: &mut &[u8]) -> Option<Chunk> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    match byte {
        b'\r' => Some(Chunk::DataEnd),
        b'\n' => Some(Chunk::size()),
        _ => None,
    }
}

enum TrailerStep {
    End,
    Next(Chunk),
}

/// Trailers are left out: nothing in them is of use here.
fn trailer(empty: bool, seen: u32, bytes: &mut &[u8]) -> Option<TrailerStep> {
    let blank = |line: &[u8]| line.iter().all(|byte| *byte == b'\r');
    match memchr(b'\n', bytes) {
        Some(end) => {
            let (line, rest) = bytes.split_at(end);
            let empty = empty && blank(line);
            let seen = count(seen, line)?;
            *bytes = rest.get(1..).unwrap_or_default();
            Some(if empty {
                TrailerStep::End
            } else {
                TrailerStep::Next(Chunk::Trailer { empty: true, seen })
            })
        }
        None => {
            let line = std::mem::take(bytes);
            let next = Chunk::Trailer {
                empty: empty && blank(line),
                seen: count(seen, line)?,
            };
            Some(TrailerStep::Next(next))
        }
    }
}

fn count(seen: u32, bytes: &[u8]) -> Option<u32> {
    let seen = seen.checked_add(u32::try_from(bytes.len()).ok()?)?;
    (seen <= LINE_BYTES).then_some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a body in pieces of `size` bytes; returns its data, the last step and what was left.
    fn read(mut body: Body, bytes: &[u8], size: usize) -> (Vec<u8>, Step<'_>, usize) {
        let (mut data, mut used) = (Vec::new(), 0);
        for piece in bytes.chunks(size) {
            let mut rest = piece;
            loop {
                match body.step(&mut rest) {
                    Step::Data(bytes) => data.extend_from_slice(bytes),
                    Step::More => break,
                    last => return (data, last, bytes.len() - used - (piece.len() - rest.len())),
                }
            }
            used += piece.len();
        }
        let last = body.step(&mut &[][..]);
        (data, last, 0)
    }

    fn chunked() -> Body {
        Body::Chunked(Chunk::size())
    }

    #[test]
    fn chunks_with_extensions_trailers_and_bare_line_feeds() {
        let wires: [&[u8]; 5] = [
            b"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\nrest",
            b"4;a=b;c=\"d\"\r\nWiki\r\n005 \t\r\npedia\r\n0;x\r\nExpires: never\r\nA:\r\n\r\nrest",
            b"4\nWiki\n5\npedia\n0\n\nrest",
            b"4\r\nWiki\n5\npedia\r\n00\r\nA: b\n\nrest",
            b"1\r\nW\r\n8\r\nikipedia\r\n0\r\n\r\nrest",
        ];
        for wire in wires {
            for size in 1..=wire.len() {
                assert_eq!(
                    read(chunked(), wire, size),
                    (b"Wikipedia".to_vec(), Step::End, 4),
                    "{size}"
                );
            }
        }
    }

    #[test]
    fn nonsense_is_told() {
        let wires: [&[u8]; 6] = [
            b"\r\n",
            b"x\r\n",
            b"-1\r\n",
            b"4x\r\nWiki\r\n",
            b"4\r\nWikip\r\n",
            b"00000000000000001\r\n",
        ];
        for wire in wires {
            assert_eq!(
                read(chunked(), wire, 1).1,
                Step::Nonsense,
                "{}",
                wire.escape_ascii()
            );
        }
        let endless = [b"1;".as_slice(), &vec![b'x'; 2 * LINE_BYTES as usize]].concat();
        assert_eq!(read(chunked(), &endless, 1000).1, Step::Nonsense);
        let endless = [
            b"0\r\n".as_slice(),
            &b"a: b\r\n".repeat(LINE_BYTES as usize),
        ]
        .concat();
        assert_eq!(read(chunked(), &endless, 1000).1, Step::Nonsense);
    }

    #[test]
    fn the_largest_chunk_does_not_overflow() {
        let mut body = chunked();
        let mut wire = &b"ffffffffffffffff\r\nabc"[..];
        assert_eq!(body.step(&mut wire), Step::Data(b"abc"));
        assert_eq!(body.remaining(), u64::MAX - 3);
        assert!(body.skip(u64::MAX - 3));
        assert_eq!(body, Body::Chunked(Chunk::DataEnd));
    }

    #[test]
    fn the_end_of_unknown_chunks_is_found() {
        let ends: [&[u8]; 4] = [
            b"pedia\r\n0\r\n\r\nrest",
            b"\r\n0\r\n0\r\n\r\nrest",
            b"\r\r\n\r\n0\r\n\r\nrest",
            b"\r\n0\r\n\r0\r\n0\r\n\r\nrest",
        ];
        for wire in ends {
            let mut rest = wire;
            assert!(LastChunkSearch::default().passes(&mut rest));
            assert_eq!(rest, b"rest");
        }
        let mut rest = &b"0\r\n\r\n\n0\r\n\r\n10\r\n\r\n"[..];
        assert!(!LastChunkSearch::default().passes(&mut rest));
    }

    #[test]
    fn a_loss_can_be_skipped_where_what_follows_is_known() {
        let mut length = Body::Length(10);
        assert!(length.skip(4) && !length.skip(7) && length.skip(6));
        assert_eq!(length.step(&mut &b"next"[..]), Step::End);

        let mut chunk = chunked();
        assert!(!chunk.skip(1), "in a size");
        assert_eq!(chunk.step(&mut &b"5\r\nab"[..]), Step::Data(b"ab"));
        assert!(!chunk.skip(4) && chunk.skip(3));
        assert_eq!(chunk.step(&mut &b"\r\n0\r\n\r\n"[..]), Step::End);
        assert!(Body::UntilClose.skip(1 << 40));
    }
}
