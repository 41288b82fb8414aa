//! The unit of a stream (an event, a line, an element, a frame) that is not complete yet.

use crate::buffer;

/// Gathers a unit that spans pieces, up to a bound; one that is too long or was hit by a loss is
/// skipped and counted. One that lies within a piece is never copied.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    bound: usize,
    skipping: bool,
    skipped: u64,
}

impl Held {
    pub(super) const fn new(bound: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bound,
            skipping: false,
            skipped: 0,
        }
    }

    /// No unit is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.bytes.is_empty() && !self.skipping
    }

    /// Units that were left out.
    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether a unit within a piece is short enough; it is counted if not.
    pub(super) fn admits(&mut self, length: usize) -> bool {
        let admits = length <= self.bound;
        self.skipped = self.skipped.saturating_add(u64::from(!admits));
        admits
    }

    /// Adds to the unit under way.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        if self.bytes.len().saturating_add(bytes.len()) > self.bound {
            self.skip();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The unit under way is not wanted.
    pub(super) fn skip(&mut self) {
        self.skipping = true;
        self.bytes = Vec::new();
    }

    /// Memory that is held.
    pub(super) const fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives the memory back: the unit under way is left out.
    pub(super) fn shed(&mut self) {
        self.skipping |= !self.bytes.is_empty();
        self.bytes = Vec::new();
    }

    /// The unit under way ends with `rest`; returns all of it unless it was skipped. To be followed
    /// by [`release`](Self::release).
    pub(super) fn complete<'a>(&'a mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let whole = self.is_idle() && rest.len() <= self.bound;
        if !whole {
            self.extend(rest);
        }
        if std::mem::take(&mut self.skipping) {
            self.skipped = self.skipped.saturating_add(1);
            return None;
        }
        Some(if whole { rest } else { &self.bytes })
    }

    /// Forgets the unit that was completed.
    pub(super) fn release(&mut self) {
        buffer::empty(&mut self.bytes);
    }

    /// The stream is over: what was gathered of a unit whose end did not come.
    pub(super) fn finish(&mut self) -> Option<&[u8]> {
        if std::mem::take(&mut self.skipping) {
            return None;
        }
        Some(&self.bytes)
            .filter(|bytes| !bytes.is_empty())
            .map(Vec::as_slice)
    }
}
