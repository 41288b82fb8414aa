//! What becomes of calls: refusals, filters, guardrails, moderation, and checks of what was answered.
//!
//! ```text
//! adapters ──► Findings ─┐
//! content  ──► Seen ─────┼─► of_call() ──► Evaluation on the call
//! facts    ──────────────┘
//! correlate (texts that others judged, tools, repetitions) ──► Evaluation on the call or the step,
//!                                                              or a Verdict on one that has left
//! ```
//!
//! An evaluation is metadata: a [name](Check) of a closed list, a score, a label, categories in the
//! words of the provider. Of the texts that were judged nothing is in it. What a model that judges
//! says of its reasons is content: it is [beside](Quoted) the evaluation, until a policy lets it out.

mod check;
mod ending;
mod evaluated;
mod finding;
mod of_call;
mod opinion;
mod schema;
mod seen;

pub use check::{Check, Checks, UnknownCheck};
pub(crate) use ending::{is_filtered, is_flagged_reason};
pub use evaluated::{Evaluation, Label, Quoted, Target, Verdict};
pub use finding::{Action, Detector, Finding, Findings, Judged};
pub(crate) use of_call::of_call;
pub use opinion::Word;
pub(crate) use opinion::{Likeness, Opinion};
pub(crate) use schema::Checker;
#[cfg(any(test, feature = "fuzzing"))]
pub use schema::fuzz_schema;
pub(crate) use seen::Seen;
