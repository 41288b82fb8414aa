//! How something is known that the wire does not say in one place.

/// From best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The wire or the system says so.
    Observed,
    /// Computed or joined from what is known for certain.
    Derived,
    /// Likely, and no more.
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
