//! Finds the end of an object without looking at its bytes one by one.
//!
//! Only quotes, backslashes and braces matter: the brackets in an object are closed before it ends.
//! A block of bytes is compared with all four at once, in a loop that compilers turn into the wide
//! instructions of the processor, and only what is found is looked at.

/// Bytes that are compared at once.
const BLOCK: usize = 64;

/// How deep in an object, counted in braces, and whether in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Nesting {
    depth: u32,
    text: Text,
    /// The deepest so far.
    deepest: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// The last byte was a backslash.
    Escaped,
}

impl Nesting {
    /// Reads on; returns the offset behind the brace that ends the object, if that is in `bytes`.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Option<usize> {
        // Marks before it are escaped.
        let mut from = usize::from(self.text == Text::Escaped);
        if self.text == Text::Escaped && !bytes.is_empty() {
            self.text = Text::Inside;
        }
        for (block, start) in bytes.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
            for mark in marks(block) {
                let at = start + mark;
                if at < from {
                    continue;
                }
                match (self.text, block.get(mark)) {
                    (Text::Outside, Some(b'"')) => self.text = Text::Inside,
                    (Text::Outside, Some(b'{')) => self.open(),
                    (Text::Outside, Some(b'}')) => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    (Text::Inside, Some(b'"')) => self.text = Text::Outside,
                    (Text::Inside, Some(b'\\')) => from = at + 2,
                    _ => {}
                }
            }
        }
        if from > bytes.len() {
            self.text = Text::Escaped;
        }
        None
    }

    /// The deepest that the object was nested so far.
    pub(super) const fn deepest(&self) -> u32 {
        self.deepest
    }

    fn open(&mut self) {
        self.depth = self.depth.saturating_add(1);
        self.deepest = self.deepest.max(self.depth);
    }
}

/// Where in a block the bytes that matter stand, in order.
fn marks(block: &[u8]) -> impl Iterator<Item = usize> {
    let mut marks = [0_u8; BLOCK];
    for (mark, &byte) in marks.iter_mut().zip(block) {
        let matters = (byte == b'"') | (byte == b'\\') | (byte == b'{') | (byte == b'}');
        *mark = u8::from(matters);
    }
    let (words, _) = marks.as_chunks::<8>();
    let words: [u64; BLOCK / 8] =
        std::array::from_fn(|at| words.get(at).map_or(0, |word| u64::from_le_bytes(*word)));
    (0..).step_by(8).zip(words).flat_map(|(start, mut left)| {
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some(start + (bit / 8) as usize)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte by byte.
    fn plainly(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' if !in_string => depth += 1,
                b'}' if !in_string => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn in_pieces(bytes: &[u8], size: usize) -> Option<usize> {
        let mut nesting = Nesting::default();
        let mut start = 0;
        for piece in bytes.chunks(size) {
            if let Some(end) = nesting.pass(piece) {
                return Some(start + end);
            }
            start += piece.len();
        }
        None
    }

    #[test]
    fn braces_in_strings_do_not_count() {
        let object = br#"{"a{":"}\"}\\","b":[{},{"c":"{"}]}"#;
        let more = [&object[..], b",{}"].concat();
        for size in 1..more.len() {
            assert_eq!(in_pieces(&more, size), Some(object.len()));
        }
    }

    proptest! {
        #[test]
        fn the_end_is_that_of_a_plain_search(
            tail in proptest::collection::vec(
                prop_oneof![
                    3 => Just(b'"'), 2 => Just(b'\\'), 1 => Just(b'{'), 2 => Just(b'}'), 9 => Just(b'a'),
                ],
                0..300,
            ),
            size in 1_usize..100,
        ) {
            let bytes = [&b"{"[..], &tail].concat();
            prop_assert_eq!(in_pieces(&bytes, size), plainly(&bytes));
        }
    }
}
