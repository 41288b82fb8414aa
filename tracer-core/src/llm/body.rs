//! A JSON body while it comes in.

use super::{
    content::Missing,
    json::{BYTE_ORDER_MARK, close_object},
};

/// The beginning of a body, up to a bound or the first gap: what follows cannot be parsed without.
#[derive(Debug)]
pub(super) struct BodyBuffer {
    bytes: Vec<u8>,
    bound: usize,
    state: Kept,
}

/// How much of the body is in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    All,
    UpToBound,
    UpToGap,
}

impl BodyBuffer {
    pub(super) const fn new(bound: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bound,
            state: Kept::All,
        }
    }

    /// Appends the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.state != Kept::All {
            return;
        }
        let room = self.bound.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if bytes.len() > room {
            self.state = Kept::UpToBound;
        }
    }

    /// Bytes are missing here.
    pub(super) fn gap(&mut self) {
        if self.state == Kept::All {
            self.state = Kept::UpToGap;
        }
    }

    /// The bound was passed.
    pub(super) fn is_over_bound(&self) -> bool {
        self.state == Kept::UpToBound
    }

    /// Why the end of the body is not in the buffer, if that is known.
    pub(super) fn missing(&self) -> Option<Missing> {
        match self.state {
            Kept::All => None,
            Kept::UpToBound => Some(Missing::Bound),
            Kept::UpToGap => Some(Missing::Gap),
        }
    }

    /// Memory it takes.
    pub(super) const fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// What was kept, without a byte order mark in front.
    pub(super) fn bytes(&self) -> &[u8] {
        let unmarked = self.bytes.strip_prefix(BYTE_ORDER_MARK);
        unmarked.unwrap_or(&self.bytes)
    }

    /// Reads the body; one that breaks off is read as far as its whole members go.
    pub(super) fn read<R>(mut self, read: impl Fn(&[u8]) -> Option<R>) -> BodyRead<R> {
        if let Some(whole) = read(self.bytes()) {
            return BodyRead::Whole(whole);
        }
        if !close_object(&mut self.bytes) {
            return BodyRead::Nothing;
        }
        read(self.bytes()).map_or(BodyRead::Nothing, BodyRead::Beginning)
    }
}

/// What came of reading a body.
#[derive(Debug)]
pub(super) enum BodyRead<R> {
    /// All of it was read.
    Whole(R),
    /// It broke off.
    Beginning(R),
    /// It is no JSON object.
    Nothing,
}
