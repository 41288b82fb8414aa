//! What may leave the core: metadata of calls, bounded and cleaned.

mod bounds;
mod credential;
mod release;

pub use credential::looks_like_credential;
pub use release::{ReleasedStep, release, release_step};
