//! What a policy says of a call.

use crate::policy::{content::ContentFields, sample::Rate};

/// How much of a call leaves, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Capture {
    /// Nothing.
    None,
    /// Names, counts, times and ids.
    #[default]
    Metadata,
    /// The same, and what it says, masked.
    Masked,
    /// The same, and what it says, as it is.
    Full,
}

impl Capture {
    /// All of them, from least to most.
    pub const ALL: [Self; 4] = [Self::None, Self::Metadata, Self::Masked, Self::Full];

    /// Its name in policies and attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Metadata => "metadata",
            Self::Masked => "masked",
            Self::Full => "full",
        }
    }

    /// Content may leave.
    pub const fn has_content(self) -> bool {
        matches!(self, Self::Masked | Self::Full)
    }
}

/// What a policy says of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision<'p> {
    /// The rule that decided; `None` if none matched.
    pub rule: Option<&'p str>,
    /// How much of the call leaves.
    pub capture: Capture,
    /// Which fields of content do, if any.
    pub fields: ContentFields,
    /// Which part of the traces is kept.
    pub rate: Rate,
    /// It was not known whether this rule matches, and it is stricter: it decided in place of one
    /// behind it.
    pub is_cautious: bool,
}

impl Decision<'_> {
    /// The stricter of two, of which `self` comes first.
    #[must_use]
    pub(super) fn or_stricter(self, other: Self) -> Self {
        let theirs = self.fields.iter();
        let fields = theirs.filter(|it| other.fields.contains(*it)).collect();
        let stricter = if self.capture < other.capture {
            Self {
                is_cautious: true,
                ..self
            }
        } else {
            other
        };
        Self { fields, ..stricter }
    }
}
