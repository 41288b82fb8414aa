//! HTTP from ordered bytes: exchanges with their heads and decoded bodies.

pub mod allow_list;
pub(crate) mod body;
pub(crate) mod content_encoding;
pub mod exchange;
#[cfg(any(test, feature = "fuzzing"))]
mod exchange_log;
pub(crate) mod framing;
pub mod h1;
pub mod h2;
pub mod head;
pub(crate) mod hpack;
pub mod multipart;
pub(crate) mod percent;
mod target;
