//! What may leave the core: metadata of calls, bounded and cleaned; and content, masked.

mod bounds;
mod credential;
pub mod mask;
mod release;

pub use credential::looks_like_credential;
pub use release::{ReleasedStep, ReleasedVerdict, release, release_step, release_verdict};
