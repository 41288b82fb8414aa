//! To whom a call belongs: the application, environment, workspace, feature, user and team.
//!
//! ```text
//! operator's sources, in order ─► AttributionRules
//! headers, baggage, body, key  ─► Attribution of the call: the first source of each dimension that has a
//!                                 value, with its rank
//! resource of the process      ─► compared by rank where calls are exported
//! ```
//!
//! Headers pass the [allow list](crate::http::allow_list) like all others: only those that a source names,
//! and never a credential, of which a keyed hash is taken at most.

mod body;
mod dimension;
mod found;
mod key;
mod members;
mod rules;
mod source;
mod user_id;

pub use dimension::{Dimension, DimensionError};
pub use found::{Attributed, Attribution};
pub use key::{KeyFingerprint, KeyHasher, Salt};
pub use rules::AttributionRules;
pub use source::{Source, SourceError};

#[cfg(any(test, feature = "fuzzing"))]
pub use rules::fuzz_attribution;
