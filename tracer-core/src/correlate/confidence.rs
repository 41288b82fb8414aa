//! How a link or a field is known.

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Explicit on the wire.
    Observed,
    /// An exact join on ids or digests.
    Derived,
    /// By time or similarity: likely, not certain.
    Inferred,
}

impl Confidence {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Derived => "derived",
            Self::Inferred => "inferred",
        }
    }
}

/// How something is known, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// How sure it is.
    pub confidence: Confidence,
    /// The rule or the field that tells.
    pub by: &'static str,
}

impl Known {
    /// Explicit on the wire, in `by`.
    pub(crate) const fn observed(by: &'static str) -> Self {
        Self {
            confidence: Confidence::Observed,
            by,
        }
    }

    /// Joined by the rule `by`.
    pub(crate) const fn derived(by: &'static str) -> Self {
        Self {
            confidence: Confidence::Derived,
            by,
        }
    }

    /// Likely, by the rule `by`.
    pub(crate) const fn inferred(by: &'static str) -> Self {
        Self {
            confidence: Confidence::Inferred,
            by,
        }
    }
}
