//! HTTP from ordered bytes: exchanges with their heads and decoded bodies.

pub mod allow_list;
pub(crate) mod body;
pub(crate) mod content_encoding;
pub mod exchange;
pub(crate) mod framing;
pub mod h1;
pub mod head;
pub mod multipart;
mod target;
