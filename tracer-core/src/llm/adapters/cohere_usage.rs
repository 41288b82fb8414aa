//! Token counts of Cohere: `usage` of version 2, `meta` of version 1.
//!
//! <https://docs.cohere.com/v2/reference/chat>. The billed units are reported where both they and the
//! model's own counts are given, as the conventions ask.

use serde::Deserialize;

use crate::llm::{
    json::{Count, Object},
    usage::Usage,
};

/// Usage as it is on the wire.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CohereUsage {
    billed_units: Object<Units>,
    tokens: Object<Units>,
    cached_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Units {
    input_tokens: Count,
    output_tokens: Count,
    reasoning_tokens: Count,
}

impl CohereUsage {
    /// Normalised counts; `None` if the object holds none.
    pub(super) fn normalise(&self) -> Option<Usage> {
        let (billed, tokens) = (self.billed_units.0.as_ref(), self.tokens.0.as_ref());
        let pick = |count: fn(&Units) -> Option<u64>| {
            billed.and_then(count).or_else(|| tokens.and_then(count))
        };
        let input = pick(|units| units.input_tokens.0);
        let output = pick(|units| units.output_tokens.0);
        input.or(output)?;
        Some(Usage {
            input,
            output,
            // Cached tokens are not billed: more of them than the input were counted apart.
            cache_read: self
                .cached_tokens
                .0
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            cache_creation: None,
            reasoning: tokens
                .and_then(|tokens| tokens.reasoning_tokens.0)
                .map(|part| output.map_or(part, |whole| part.min(whole))),
            ..Usage::default()
        })
    }
}
