//! What a text is found by where somebody quotes it whole, amid other text.
//!
//! A digest tells whether two texts are equal, not where in a text another one begins. So the beginning
//! of a text has a digest of its own: where the same bytes stand in another text, the rest is compared.

use super::digest::TextDigest;

/// Bytes of a beginning: a text that is shorter stands in others by chance.
pub(crate) const HEAD: usize = 16;

/// The beginning of a text that comes in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head([u8; HEAD]);

impl Head {
    /// Takes the next piece of a text of which `before` bytes came.
    pub(super) fn feed(&mut self, before: u64, piece: &[u8]) {
        let before = usize::try_from(before).unwrap_or(HEAD).min(HEAD);
        let (_, missing) = self.0.split_at_mut(before);
        let taken = piece.len().min(missing.len());
        let (to, _) = missing.split_at_mut(taken);
        let (from, _) = piece.split_at(taken);
        to.copy_from_slice(from);
    }
}

/// By what a text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quotable {
    /// The digest of its first [`HEAD`] bytes.
    pub(crate) head: u64,
    /// Its length in bytes.
    pub(crate) bytes: u64,
    /// The digest of all of it.
    pub(crate) text: u64,
}

impl Quotable {
    /// Of a text with this beginning and this digest; `None` if it is too short.
    pub(super) fn of(head: Head, digest: TextDigest) -> Option<Self> {
        (digest.len() >= HEAD as u64).then(|| Self {
            head: TextDigest::of(&head.0).value(),
            bytes: digest.len(),
            text: digest.value(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_the_same_however_it_is_cut() {
        let text = b"What is quoted begins like this.";
        let mut whole = Head::default();
        whole.feed(0, text);
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            let mut pieces = Head::default();
            pieces.feed(0, one);
            pieces.feed(one.len() as u64, two);
            assert_eq!(pieces, whole, "{cut}");
        }
        assert_eq!(Quotable::of(whole, TextDigest::of(b"short")), None);
        let quotable = Quotable::of(whole, TextDigest::of(text)).expect("long enough");
        assert_eq!(quotable.head, TextDigest::of(&text[..HEAD]).value());
    }
}
