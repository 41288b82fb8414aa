//! What a call costs.
//!
//! ```text
//! usage, served model, tier, time ─► PriceBook ─► Cost: an amount with its source and confidence,
//!                                                or why it is not known
//!   1. what the provider or a gateway says      reported
//!   2. the operator's prices                    override      rule, file, litellm
//!   3. the public list                          genai-prices  list
//! ```

mod book;
mod cost;
mod file;
mod list;
mod litellm;
mod quantities;
mod rates;
mod rule;
mod served;

pub use book::PriceBook;
pub use cost::{Cost, CostSource, KnownCost, UnknownCost};
pub use file::{PriceFileError, from_json, from_toml};
pub use rule::PriceRule;

#[cfg(any(test, feature = "fuzzing"))]
pub use file::fuzz_prices;
