//! Parts of the usage that have prices of their own, and the cost where the provider tells it.

use crate::money::Amount;

/// What a price needs to know beyond the counts of the conventions. Absent is absent, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageParts {
    /// Part of the tokens written to the cache that stays there for an hour.
    pub cache_creation_1h: Option<u64>,
    /// Part of the input that is audio, cached or not.
    pub input_audio: Option<u64>,
    /// Part of the cached input that is audio.
    pub cache_read_audio: Option<u64>,
    /// Part of the input that is images, cached or not.
    pub input_image: Option<u64>,
    /// Part of the cached input that is images.
    pub cache_read_image: Option<u64>,
    /// Part of the output that is audio.
    pub output_audio: Option<u64>,
    /// Part of the output that is images.
    pub output_image: Option<u64>,
    /// Searches of the web that the provider made.
    pub web_searches: Option<u64>,
    /// What the call costs, in dollars, as whoever serves or passes it on says.
    pub reported_cost: Option<Amount>,
}

impl UsageParts {
    /// What is known before the output is.
    #[must_use]
    pub(crate) fn of_input(self) -> Self {
        Self {
            output_audio: None,
            output_image: None,
            web_searches: None,
            reported_cost: None,
            ..self
        }
    }
}
