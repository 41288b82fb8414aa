//! A field whose name or value is spelled out, while it comes in: RFC 7541 section 6.2.

use super::{
    decoder::Item,
    dynamic_table::{Entry, Kept},
    keep::Keep,
};
use crate::http::target;

/// The longest name that may be kept.
const NAME_BYTES: usize = 64;
/// The longest value that is kept.
const VALUE_BYTES: usize = 8 << 10;

/// One of the two strings of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Name,
    Value,
}

/// A literal field under way.
#[derive(Debug)]
pub(super) struct Literal {
    /// The table gets it.
    pub(super) added: bool,
    kept: Kept,
    /// As far as it is kept: the name, then the value.
    text: Vec<u8>,
    name_length: u32,
    value_length: u32,
}

impl Default for Literal {
    fn default() -> Self {
        Self {
            added: false,
            kept: Kept::Nothing,
            text: Vec::new(),
            name_length: 0,
            value_length: 0,
        }
    }
}

impl Literal {
    /// Begins anew, with a name of which nothing is kept but its length.
    pub(super) fn clear(&mut self, kept: Kept, name_length: u32) {
        self.text.clear();
        self.name_length = name_length;
        self.value_length = 0;
        self.kept = kept;
    }

    /// Begins anew, with the name of an entry.
    pub(super) fn name(&mut self, name: &[u8]) {
        self.clear(Kept::Name, name.len() as u32);
        self.text.extend_from_slice(name);
    }

    /// Nobody needs the string, not even its length.
    pub(super) fn is_passed_over(&self, part: Part) -> bool {
        let kept = matches!(self.kept, Kept::Nothing | Kept::Unknown);
        part == Part::Value && kept && !self.added
    }

    /// Counts bytes of the string and keeps those that may be.
    pub(super) fn push(&mut self, part: Part, bytes: &[u8]) {
        let (length, bound) = match part {
            Part::Name => (&mut self.name_length, NAME_BYTES),
            Part::Value => (&mut self.value_length, VALUE_BYTES),
        };
        *length = length.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let fits = *length as usize <= bound;
        match (part, self.kept) {
            (Part::Name, Kept::Name) | (Part::Value, Kept::Field) if fits => {
                self.text.extend_from_slice(bytes);
            }
            (Part::Name, Kept::Name) => {
                self.text.clear();
                self.kept = Kept::Nothing;
            }
            (Part::Value, Kept::Field) => {
                self.text.truncate(self.name_length as usize);
                self.kept = Kept::Name;
            }
            _ => {}
        }
    }

    /// The name is complete: is the value to be kept?
    pub(super) fn settle_name(&mut self, keep: Keep<'_>) {
        if self.kept != Kept::Name {
            return;
        }
        if keep.admits(&self.text) {
            self.kept = Kept::Field;
        } else {
            self.text.clear();
            self.kept = Kept::Nothing;
        }
    }

    /// A path may carry a key in its query, an authority a password.
    pub(super) fn take_secrets_out(&mut self, keep: Keep<'_>) {
        if self.kept != Kept::Field || !keep.is_listed() {
            return;
        }
        let name_length = self.name_length as usize;
        let Some((name, value)) = self.text.split_at_checked(name_length) else {
            return;
        };
        let harmless = match name {
            b":path" => target::harmless_target(&String::from_utf8_lossy(value)),
            b":authority" | b"host" => {
                target::harmless_authority(&String::from_utf8_lossy(value)).to_owned()
            }
            _ => return,
        };
        self.text.truncate(name_length);
        self.text.extend_from_slice(harmless.as_bytes());
    }

    /// The field, once it is complete.
    pub(super) fn item(&self) -> Item<'_> {
        let name_length = self.name_length as usize;
        match (self.kept, self.text.split_at_checked(name_length)) {
            (Kept::Field, Some((name, value))) => Item::Field { name, value },
            (Kept::Unknown, _) => Item::Unknown,
            _ => Item::Withheld,
        }
    }

    /// The same as an entry of the table.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            text: self.text.as_slice().into(),
            name_length: self.name_length,
            value_length: self.value_length,
            kept: self.kept,
        }
    }
}
