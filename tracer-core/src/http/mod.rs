//! HTTP from ordered bytes: exchanges with their heads and decoded bodies.
//!
//! [`h1`] and [`h2`] (with `hpack`) read connections and tell the events of [`exchange`]. Both share
//! the rest: [`head`]s that pass the [`allow_list`], `framing` and `body` for where a message ends,
//! `content_encoding` for what it is coded in. [`multipart`] reads the forms inside request bodies.

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
pub(crate) mod target;
