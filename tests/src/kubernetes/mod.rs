//! A double of the Kubernetes API: as much of it as an agent on a node asks for.
//!
//! Lists in pages, watches with bookmarks, places in the history that are forgotten, tokens that
//! expire, and everything that can go wrong on the way. Objects have the shape of the API's, and are
//! our own.

pub mod api;
mod history;
pub mod pod;
mod respond;
