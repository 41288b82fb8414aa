//! Text that is kept as far as there is room, or only as a digest.

use std::fmt;

use super::{
    digest::TextDigest,
    quotable::{Head, Quotable},
};

/// The longest name, id or kind that is kept, in bytes.
const NAME_BYTES: usize = 256;
/// Texts that are shorter say too little to be known again by themselves, in bytes.
pub(super) const TELLING: u64 = 8;
/// Room for items and names where only marks are wanted, in bytes.
const MARKS: usize = 64 << 10;
/// What a message, a part or any other item takes beside its text.
const ITEM_BYTES: usize = 128;

/// The beginning of a text, and how much of it was cut.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Kept {
    text: String,
    cut: u64,
    /// Of all of it, kept or not.
    digest: TextDigest,
    /// The same of its beginning; of arguments none.
    head: Head,
}

impl fmt::Debug for Kept {
    /// Without the digest, which is another one with every start.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, cut) = (&self.text, &self.cut);
        let mut kept = f.debug_struct("Kept");
        kept.field("text", text).field("cut", cut).finish()
    }
}

impl Kept {
    /// What was kept.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of UTF-8 that followed and were not kept.
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// Masked text in place of the one before, of which neither text nor digest stays.
    pub(crate) fn masked(text: String, cut: u64) -> Self {
        Self {
            text,
            cut,
            digest: TextDigest::default(),
            head: Head::default(),
        }
    }

    /// Cuts the text at a place between two characters; how many bytes that takes away. The digest
    /// goes: it is of what is no longer here.
    pub(crate) fn cut_at(&mut self, place: usize) -> u64 {
        let before = self.text.len();
        self.text.truncate(self.text.floor_char_boundary(place));
        self.text.shrink_to_fit();
        let cut = (before - self.text.len()) as u64;
        self.cut = self.cut.saturating_add(cut);
        self.digest = TextDigest::default();
        self.head = Head::default();
        cut
    }

    /// The digest of the whole text, or `None` of an empty one.
    pub(super) fn digest(&self) -> Option<u64> {
        (self.digest.len() > 0).then(|| self.digest.value())
    }

    /// The same of a text that is long enough to be told from others.
    pub(super) fn telling_digest(&self) -> Option<u64> {
        (self.digest.len() >= TELLING).then(|| self.digest.value())
    }

    /// By what it is found in other texts, if it is long enough.
    pub(super) fn quotable(&self) -> Option<Quotable> {
        Quotable::of(self.head, self.digest)
    }

    /// Whether the whole text is this one.
    pub(super) fn is(&self, text: &str) -> bool {
        self.digest == TextDigest::of(text.as_bytes())
    }
}

/// Which texts are kept; of the others only digests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Texts {
    /// All.
    #[default]
    All,
    /// Arguments of tools.
    Arguments,
    /// None.
    No,
}

/// The room for the content of one side of a call.
#[derive(Debug, Default)]
pub(super) struct Room {
    texts: Texts,
    left: usize,
    used: usize,
    cut_bytes: u64,
    cut_items: u64,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            ..Self::default()
        }
    }

    /// Room for items and names, in which only some texts are kept.
    pub(super) fn of_marks(texts: Texts) -> Self {
        Self {
            texts,
            ..Self::new(MARKS)
        }
    }

    /// Whether content is kept.
    pub(super) const fn keeps_content(&self) -> bool {
        matches!(self.texts, Texts::All)
    }

    /// Keeps all texts from here on.
    pub(super) const fn keep_all(&mut self) {
        self.texts = Texts::All;
    }

    /// Makes more room.
    pub(super) fn grow(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }

    /// Hands over the room that is left.
    pub(super) fn take_rest(&mut self) -> usize {
        std::mem::take(&mut self.left)
    }

    /// Bytes of memory that are taken.
    pub(super) const fn used(&self) -> usize {
        self.used
    }

    /// Bytes of text and items that found no room.
    pub(super) const fn cut(&self) -> (u64, u64) {
        (self.cut_bytes, self.cut_items)
    }

    /// Takes the room of an item; false if there is none.
    pub(super) fn admits_item(&mut self) -> bool {
        if self.left < ITEM_BYTES {
            self.cut_items += 1;
            return false;
        }
        self.take(ITEM_BYTES);
        true
    }

    /// An item that could not be taken for another reason.
    pub(super) fn lose_item(&mut self) {
        self.cut_items += 1;
    }

    /// Gives back what text that is thrown away took.
    pub(super) fn give_back(&mut self, text: &Kept) {
        self.used = self.used.saturating_sub(text.text.capacity());
        self.left = self.left.saturating_add(text.text.len());
        self.cut_bytes = self.cut_bytes.saturating_sub(text.cut);
    }

    pub(super) fn keep(&mut self, text: &str) -> Kept {
        let mut kept = Kept::default();
        self.append(&mut kept, text);
        kept
    }

    /// The same with arguments of a tool.
    pub(super) fn keep_arguments(&mut self, text: &str) -> Kept {
        let mut kept = Kept::default();
        self.append_arguments(&mut kept, text);
        kept
    }

    /// Appends the next piece of a text. Behind a cut nothing is appended.
    pub(super) fn append(&mut self, kept: &mut Kept, piece: &str) {
        kept.head.feed(kept.digest.len(), piece.as_bytes());
        kept.digest.feed(piece.as_bytes());
        if self.texts == Texts::All {
            self.append_text(kept, piece);
        }
    }

    /// The same with a piece of the arguments of a tool.
    pub(super) fn append_arguments(&mut self, kept: &mut Kept, piece: &str) {
        kept.digest.feed(piece.as_bytes());
        if self.texts != Texts::No {
            self.append_text(kept, piece);
        }
    }

    fn append_text(&mut self, kept: &mut Kept, piece: &str) {
        let whole = kept.cut == 0;
        let fits = if whole { self.left.min(piece.len()) } else { 0 };
        let (beginning, rest) = piece.split_at(piece.floor_char_boundary(fits));
        let before = kept.text.capacity();
        kept.text.push_str(beginning);
        self.left = self.left.saturating_sub(beginning.len());
        self.used += kept.text.capacity() - before;
        kept.cut += rest.len() as u64;
        self.cut_bytes += rest.len() as u64;
    }

    /// A name, an id or a kind: short, and never cut for want of room.
    pub(super) fn name(&mut self, text: &str) -> String {
        let end = text.floor_char_boundary(NAME_BYTES);
        let name = text.get(..end).unwrap_or(text).to_owned();
        self.take(name.len());
        name
    }

    fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.used = self.used.saturating_add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut room = Room::new(5);
        let mut kept = room.keep("abé");
        assert_eq!((kept.text(), kept.cut()), ("abé", 0));
        room.append(&mut kept, "éx");
        assert_eq!((kept.text(), kept.cut()), ("abé", 3));
        // There is room for a byte, but not behind what was cut.
        room.append(&mut kept, "y");
        assert_eq!((kept.text(), kept.cut()), ("abé", 4));
        assert_eq!(room.keep("z").text(), "z");
        assert!(!room.admits_item());
        assert_eq!((room.left, room.cut()), (0, (4, 1)));
    }

    #[test]
    fn a_digest_is_that_of_the_whole_text() {
        let mut small = Room::new(2);
        let mut cut = small.keep("long ");
        small.append(&mut cut, "text");
        let whole = Room::new(100).keep("long text");
        assert_eq!((cut.text(), cut.digest()), ("lo", whole.digest()));
        assert!(cut.is("long text"));
        assert_eq!(Kept::default().digest(), None);
    }

    #[test]
    fn marks_need_no_text() {
        let mut room = Room::of_marks(Texts::Arguments);
        let text = room.keep("text");
        assert_eq!((text.text(), text.cut()), ("", 0));
        assert!(text.is("text"));
        assert_eq!(room.keep_arguments("{}").text(), "{}");
        assert_eq!((room.left, room.cut()), (MARKS - 2, (0, 0)));
    }
}
