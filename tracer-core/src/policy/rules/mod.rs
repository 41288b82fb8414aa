//! The operator's policy: a file of rules, read once, asked of every call.
//!
//! ```text
//! text ─► PolicyFile ─► Policy ─► Decision of a call ─► what is let out of it
//! ```
//!
//! The first rule that matches a call decides. What a rule asks for may not be known of a call: its
//! head was lost, its pod is not known yet. Then the rule may be the one that was meant, and the
//! strictest of those that may be decides: who keeps something in must be able to rely on it.
//! `docs/policy.md` is the reference of the file.

mod caller;
mod check;
mod decision;
mod describe;
mod error;
mod fact;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod masking;
mod patterns;
mod rule;
mod table;

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod rule_tests;

pub use caller::Caller;
pub use decision::{Capture, Decision};
pub use error::PolicyFileError;
pub(super) use fact::Subject;
pub use file::PolicyFile;
pub(super) use rule::Rules;
