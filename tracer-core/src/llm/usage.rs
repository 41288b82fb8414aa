//! Token counts as the provider gave them; absent is absent, never zero.

mod parts;

pub use parts::UsageParts;

/// Tokens of one call, already normalised: `input` includes cached tokens, `output` includes
/// reasoning tokens (semantic conventions 1.41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// All input tokens.
    pub input: Option<u64>,
    /// All output tokens.
    pub output: Option<u64>,
    /// Part of `input` that was read from the provider's cache.
    pub cache_read: Option<u64>,
    /// Part of `input` that was written to the provider's cache.
    pub cache_creation: Option<u64>,
    /// Part of `output` that was spent on reasoning.
    pub reasoning: Option<u64>,
    /// What a price needs beside.
    pub parts: UsageParts,
}

impl Usage {
    /// What is known before the output is.
    #[must_use]
    pub(crate) fn of_input(self) -> Self {
        Self {
            output: None,
            reasoning: None,
            parts: self.parts.of_input(),
            ..self
        }
    }
}
