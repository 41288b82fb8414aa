//! What reading the content of a call found out about it, beside the content.

/// Facts of an answer that only its content tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// It says in a part of its own that it declines.
    pub(crate) has_refusal: bool,
    /// It was seen as a whole, and says nothing.
    pub(crate) is_empty: bool,
}
