//! The dynamic table of one direction, RFC 7541 section 2.3.2 and 4, of which part may be unknown.
//!
//! Entries are numbered from the newest and evicted from the oldest. So what stands behind an entry
//! has no bearing on its number: entries seen since the attach, or since a loss, resolve exactly in
//! front of a tail of unknown length.
//!
//! Where the size of the table is unknown too, the largest is assumed. That is always safe: a table
//! that is smaller in truth has lost entries that are kept here, but those are the oldest, and their
//! encoder no longer refers to them.

use std::collections::VecDeque;

/// The size a table begins with (section 6.5.2 of RFC 9113).
const INITIAL: u32 = 4096;
/// The largest table that is followed; behind it, a larger one is unknown.
const LARGEST: u32 = 64 << 10;
/// What each entry counts for beyond its bytes (section 4.1).
const OVERHEAD: u32 = 32;

/// The entries that one side of a connection may refer to, newest first.
#[derive(Debug)]
pub(super) struct Table {
    entries: VecDeque<Entry>,
    size: u32,
    max: u32,
    /// The encoder keeps to `max` exactly.
    max_is_known: bool,
    /// Older entries may stand behind those that are held.
    tail_is_unknown: bool,
}

/// What is kept of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The name, then the value, as far as they are kept.
    pub(super) text: Box<[u8]>,
    /// Bytes of the name on the wire; 0 if unknown.
    pub(super) name_length: u32,
    /// Bytes of the value on the wire.
    pub(super) value_length: u32,
    pub(super) kept: Kept,
}

/// How much of a header is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Name and value.
    Field,
    /// The name; the value was too long.
    Name,
    /// Nothing: the name is not on the allow list.
    Nothing,
    /// Nothing, as the name itself is unknown.
    Unknown,
}

/// What an index refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup<'t> {
    Entry(&'t Entry),
    /// An entry of which nothing is known.
    Unknown,
    /// There is no such entry.
    Absent,
}

impl Table {
    /// As at the beginning of a connection.
    pub(super) const fn empty() -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            max: INITIAL,
            max_is_known: true,
            tail_is_unknown: false,
        }
    }

    /// As in the middle of a connection.
    pub(super) const fn unknown() -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            max: LARGEST,
            max_is_known: false,
            tail_is_unknown: true,
        }
    }

    /// The entry of an index, from 0.
    pub(super) fn get(&self, index: usize) -> Lookup<'_> {
        match self.entries.get(index) {
            Some(entry) => Lookup::Entry(entry),
            None if self.tail_is_unknown => Lookup::Unknown,
            None => Lookup::Absent,
        }
    }

    /// Adds an entry; one that does not fit empties the table.
    pub(super) fn insert(&mut self, entry: Entry) {
        let size = entry.size();
        self.evict(self.max.saturating_sub(size));
        if size <= self.max {
            self.size += size;
            self.entries.push_front(entry);
        } else {
            // It may have had room in a table that is larger than the one assumed.
            self.tail_is_unknown = !self.max_is_known;
        }
        self.settle();
    }

    /// The encoder now keeps to this size.
    pub(super) fn resize(&mut self, max: u32) {
        self.max_is_known = max <= LARGEST;
        self.max = max.min(LARGEST);
        self.evict(self.max);
        self.settle();
    }

    /// Entries may have been added or evicted unseen.
    pub(super) fn forget(&mut self) {
        *self = Self::unknown();
    }

    fn evict(&mut self, room: u32) {
        while self.size > room {
            let Some(evicted) = self.entries.pop_back() else {
                break;
            };
            self.size = self.size.saturating_sub(evicted.size());
            // What was older is gone as well, if the eviction was the encoder's.
            self.tail_is_unknown = !self.max_is_known;
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// No entry fits behind those that are held.
    fn settle(&mut self) {
        if self.max_is_known && self.max - self.size < OVERHEAD {
            self.tail_is_unknown = false;
        }
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn size(&self) -> u32 {
        assert_eq!(self.size, self.entries.iter().map(Entry::size).sum::<u32>());
        assert!(self.size <= self.max && self.max <= LARGEST);
        self.size
    }
}

impl Entry {
    /// Where the name is unknown: at most what it was, so that it is never evicted too early.
    fn size(&self) -> u32 {
        self.name_length
            .saturating_add(self.value_length)
            .saturating_add(OVERHEAD)
    }

    /// Name and value.
    pub(super) fn field(&self) -> Option<(&[u8], &[u8])> {
        (self.kept == Kept::Field)
            .then(|| self.text.split_at_checked(self.name_length as usize))
            .flatten()
    }

    /// The name.
    pub(super) fn name(&self) -> Option<&[u8]> {
        matches!(self.kept, Kept::Field | Kept::Name)
            .then(|| self.text.get(..self.name_length as usize))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value_length: u32) -> Entry {
        Entry {
            text: name.as_bytes().into(),
            name_length: u32::try_from(name.len()).expect("short"),
            value_length,
            kept: Kept::Name,
        }
    }

    fn names(table: &Table) -> Vec<&[u8]> {
        table.entries().filter_map(Entry::name).collect()
    }

    #[test]
    fn the_oldest_are_evicted_first() {
        let mut table = Table::empty();
        table.resize(100);
        table.insert(entry("a", 10));
        table.insert(entry("b", 10));
        assert_eq!((names(&table), table.size()), (vec![&b"b"[..], b"a"], 86));
        table.insert(entry("c", 10));
        assert_eq!(names(&table), [b"c", b"b"]);
        table.insert(entry("d", 100));
        assert_eq!((table.size(), table.get(0)), (0, Lookup::Absent));
    }

    #[test]
    fn entries_resolve_before_an_unknown_tail_and_never_within_it() {
        let mut table = Table::unknown();
        table.insert(entry("a", 0));
        table.insert(entry("b", 0));
        assert_eq!(table.get(1), Lookup::Entry(&entry("a", 0)));
        assert_eq!(table.get(2), Lookup::Unknown);
        table.forget();
        assert_eq!(table.get(0), Lookup::Unknown);
    }

    #[test]
    fn a_tail_ends_once_there_is_no_room_for_it() {
        let mut table = Table::unknown();
        table.insert(entry("a", 967));
        assert_eq!(table.get(1), Lookup::Unknown);
        table.resize(1032);
        assert_eq!(table.get(1), Lookup::Unknown, "an empty one would fit");
        table.resize(1031);
        assert_eq!(table.get(1), Lookup::Absent);
        assert_eq!(table.get(0), Lookup::Entry(&entry("a", 967)));
        let mut table = Table::unknown();
        table.resize(0);
        assert_eq!(table.get(0), Lookup::Absent);
    }

    #[test]
    fn what_is_over_our_bound_becomes_unknown() {
        let mut table = Table::empty();
        table.resize(1 << 20);
        table.insert(entry("a", LARGEST - 100));
        table.insert(entry("b", 100));
        assert_eq!(names(&table), [b"b"]);
        assert_eq!(table.get(1), Lookup::Unknown);
        table.insert(entry("c", LARGEST));
        assert_eq!(table.get(0), Lookup::Unknown);
    }
}
