//! Why there is no masked text.

/// Content that was dropped, since it could not be masked. It is gone: nothing here holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Dropped {
    /// It is not UTF-8.
    #[error("not text: what cannot be read cannot be masked")]
    NotText,
    /// There are JSON paths, and the document is no JSON, or only the beginning of it.
    #[error("not a whole document of JSON: paths cannot be followed")]
    NotJson,
    /// An invariant of the masker did not hold.
    #[error("the masker failed: please report it")]
    Internal,
}
