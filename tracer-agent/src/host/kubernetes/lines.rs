//! Cuts the body of a watch into lines, in whatever pieces it comes.

/// Longest line that is kept. An object holds 1.5 MiB at most in the cluster's store, and little more
/// as text.
const LONGEST: usize = 4 << 20;

/// Bytes of a line whose end has not come.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    /// The line is too long: the rest of it is passed over.
    skipping: bool,
}

impl Lines {
    /// Takes a piece and hands over each line that it ends. Empty lines and those that are too long
    /// are left out; of a pod that the latter told of nothing is known.
    pub fn push<E>(
        &mut self,
        mut piece: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = memchr::memchr(b'\n', piece) {
            let (line, rest) = piece.split_at(end);
            piece = rest.get(1..).unwrap_or_default();
            if self.begun.is_empty() && !self.skipping && line.len() <= LONGEST {
                if !line.is_empty() {
                    take(line)?;
                }
                continue;
            }
            self.keep(line);
            let line = std::mem::take(&mut self.begun);
            if !std::mem::take(&mut self.skipping) {
                take(&line)?;
            }
        }
        self.keep(piece);
        Ok(())
    }

    fn keep(&mut self, piece: &[u8]) {
        self.skipping |= self.begun.len() + piece.len() > LONGEST;
        if self.skipping {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            let taken = lines.push(piece, |line| {
                found.push(line.to_vec());
                Ok::<_, Infallible>(())
            });
            assert_eq!(taken, Ok(()));
        }
        found
    }

    #[test]
    fn any_split_gives_the_same_lines() {
        let body = b"{\"a\":1}\n\n{\"b\":\"c\"}\nhalf";
        let whole = lines([body.as_slice()]);
        assert_eq!(whole, [&b"{\"a\":1}"[..], b"{\"b\":\"c\"}"]);
        for at in 0..body.len() {
            let (one, other) = body.split_at(at);
            assert_eq!(lines([one, other]), whole, "split at {at}");
        }
        assert_eq!(lines(body.chunks(1)), whole);
    }

    #[test]
    fn a_line_that_is_too_long_costs_no_memory_and_no_other_line() {
        let long = vec![b'x'; LONGEST + 1];
        let pieces = [&b"a\n"[..], &long, &long, b"\nb\n"];
        assert_eq!(lines(pieces), [b"a", b"b"]);
        let joined = [&b"a\n"[..], &long, b"\nb\n"].concat();
        assert_eq!(lines([joined.as_slice()]), [b"a", b"b"]);
    }
}
