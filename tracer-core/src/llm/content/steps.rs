//! What an event did to the draft: one text appended, or more.

use super::draft::Target;

/// A text that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Where it went.
    pub(super) target: Target,
    /// Where the text was in memory: compared with where its event is, and never followed.
    address: usize,
    len: usize,
}

impl Step {
    /// What is before and behind the text in the event that it was taken from, its quotes with it;
    /// `None` if it does not stand there as it is.
    pub(super) fn around(self, data: &[u8]) -> Option<(&[u8], &[u8])> {
        let start = self.address.checked_sub(data.as_ptr().addr())?;
        let (before, rest) = data.split_at_checked(start)?;
        let (_, after) = rest.split_at_checked(self.len)?;
        (before.ends_with(b"\"") && after.starts_with(b"\"")).then_some((before, after))
    }
}

/// The steps of one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    last: Option<Step>,
    others: bool,
}

impl Steps {
    /// Nothing yet.
    pub(super) const NONE: Self = Self {
        last: None,
        others: false,
    };

    /// A text is appended. Without text, nothing happens.
    pub(super) fn append(&mut self, target: Target, text: &str) {
        if text.is_empty() {
            return;
        }
        self.others |= self.last.is_some();
        self.last = Some(Step {
            target,
            address: text.as_ptr().addr(),
            len: text.len(),
        });
    }

    /// Something else happens.
    pub(super) const fn other(&mut self) {
        self.others = true;
    }

    /// The one text that was appended, if that was all.
    pub(super) const fn only(&self) -> Option<Step> {
        if self.others { None } else { self.last }
    }

    /// Whether there was anything but one text.
    pub(super) const fn did_more(&self) -> bool {
        self.others
    }
}
