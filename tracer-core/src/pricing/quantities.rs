//! What a call used, as prices count it.

use crate::llm::call::{CallFacts, Operation};

/// Counts of a call all of whose usage is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Quantities {
    /// All input tokens.
    pub(super) input: u64,
    /// Of them, read from the cache.
    pub(super) cache_read: u64,
    /// Of them, written to the cache.
    pub(super) cache_write: u64,
    /// Of those written, kept for an hour.
    pub(super) cache_write_1h: u64,
    /// Of the input, audio.
    pub(super) input_audio: u64,
    /// Of the audio, read from the cache, if that is known.
    pub(super) cache_read_audio: Option<u64>,
    /// Of the input, images.
    pub(super) input_image: u64,
    /// Of the images, read from the cache, if that is known.
    pub(super) cache_read_image: Option<u64>,
    /// All output tokens.
    pub(super) output: u64,
    /// Of them, reasoning.
    pub(super) reasoning: u64,
    /// Of the output, audio.
    pub(super) output_audio: u64,
    /// Of the output, images.
    pub(super) output_image: u64,
    /// Searches of the web.
    pub(super) web_searches: u64,
}

impl Quantities {
    /// What a call used; `None` unless all of it is known.
    pub(super) fn of(facts: &CallFacts) -> Option<Self> {
        let (usage, parts) = (&facts.usage, &facts.usage.parts);
        let output = match usage.output {
            None if generates(facts.operation) => return None,
            output => output.unwrap_or(0),
        };
        let cache_write_1h = parts.cache_creation_1h.unwrap_or(0);
        // Parts that are not told are within the whole, at its price.
        Some(Self {
            input: usage.input?,
            cache_read: usage.cache_read.unwrap_or(0),
            cache_write: usage.cache_creation.unwrap_or(cache_write_1h),
            cache_write_1h,
            input_audio: parts.input_audio.unwrap_or(0),
            cache_read_audio: parts.cache_read_audio,
            input_image: parts.input_image.unwrap_or(0),
            cache_read_image: parts.cache_read_image,
            output,
            reasoning: usage.reasoning.unwrap_or(0),
            output_audio: parts.output_audio.unwrap_or(0),
            output_image: parts.output_image.unwrap_or(0),
            web_searches: parts.web_searches.unwrap_or(0),
        })
    }

    /// Whether nothing was used.
    pub(super) fn is_nothing(&self) -> bool {
        self.input == 0 && self.output == 0 && self.web_searches == 0
    }
}

/// Whether an operation may cost anything of itself.
pub(super) const fn has_price(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Mcp
            | Operation::CountTokens
            | Operation::Batch
            | Operation::CacheContent
            | Operation::Retrieval
    )
}

/// Whether there is no answer without output tokens.
const fn generates(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Embeddings | Operation::Rerank | Operation::Moderation
    )
}
