//! What may leave the core: metadata of calls, bounded and cleaned; and content,
//! masked unless a rule says otherwise.

mod bounds;
mod content;
mod credential;
pub mod mask;
mod release;

pub use content::{
    ContentBounds, ContentField, ContentFields, ContentGrant, ContentMode, Passage, ReleasedContent,
};
pub use credential::looks_like_credential;
pub use release::{
    ReleasedStep, ReleasedVerdict, release, release_step, release_verdict, release_with_content,
};
