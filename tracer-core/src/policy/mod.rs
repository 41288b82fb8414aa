//! What may leave the core: metadata of calls, bounded and cleaned; and content, where a rule of the
//! operator lets it out, masked or as it is.
//!
//! ```text
//! Call<Captured> ─► rules: who is it ─► sample: is its trace kept ─► content, mask ─► Call<Released>
//!                                                                                  └► Permit: by what
//! ```

mod bounds;
mod content;
mod credential;
mod gate;
pub mod mask;
mod never;
mod permit;
mod release;
pub(crate) mod rules;
mod sample;
mod spoken;
mod traces;
mod withheld;

pub use content::{
    ContentBounds, ContentField, ContentFields, ContentGrant, ContentMode, Passage, ReleasedContent,
};
pub use credential::looks_like_credential;
pub use gate::{Policy, Release};
pub use never::NeverList;
pub use permit::Permit;
pub use release::{
    ReleasedStep, ReleasedVerdict, release, release_step, release_verdict, release_with_content,
};
pub use rules::{Caller, Capture, Decision, PolicyFile, PolicyFileError};
pub use sample::{AlwaysKept, KeptFor, Rate};
