//! HTTP from ordered bytes: exchanges with their heads and decoded bodies.

pub mod allow_list;
mod body;
pub(crate) mod content_encoding;
pub mod exchange;
mod framing;
pub mod h1;
pub mod head;
pub mod multipart;
mod target;
