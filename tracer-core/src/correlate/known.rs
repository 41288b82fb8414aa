//! How a link is known, and by what.

use crate::confidence::Confidence;

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
