//! Masks what policy lets out: credentials, personal data, and what the operator names.
//!
//! A [`Masker`] is made once from [`MaskRules`] and goes over texts, documents of JSON, whole
//! [`Content`](crate::llm::content::Content) and texts in pieces. It gives [`Masked`] or
//! [`MaskedContent`], which nothing else makes, or [`Dropped`], which holds no text: what could not be
//! masked cannot get out. `docs/masking.md` says what is found and what is not.

mod address;
mod assigned;
mod content;
mod document;
mod dropped;
mod kind;
mod masker;
mod numbers;
mod path;
mod rules;
mod scan;
mod span;
mod stream;
mod sweep;
mod tokens;
mod view;
mod wrapped;

#[cfg(test)]
mod canary_tests;
#[cfg(test)]
mod document_tests;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
#[cfg(test)]
pub(super) mod planted;
#[cfg(test)]
mod readable_tests;
#[cfg(test)]
mod tests;

pub use content::MaskedContent;
pub use dropped::Dropped;
pub use kind::{Counts, Kind};
pub use masker::{Ending, Masked, Masker};
pub use rules::{
    Detectors, MAX_NAME_BYTES, MAX_PATTERNS, MaskRules, PATTERN_BYTES, PseudonymKey, Replacement,
    RulesError,
};
pub use stream::StreamMasker;
