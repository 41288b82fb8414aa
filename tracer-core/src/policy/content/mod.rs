//! Content on its way out: which of it, how much of it, and the one type that it may leave in.

mod bound;
mod cut;
mod fields;
mod items;
mod released;
mod slots;
mod withhold;

#[cfg(test)]
mod tests;

pub use fields::{ContentField, ContentFields};
pub use released::{ContentBounds, ContentGrant, ContentMode, Passage, ReleasedContent};
