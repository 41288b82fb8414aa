//! What the operator wants, from four sources: flags, environment, file, defaults.
//!
//! ```text
//! registry (one table of keys) ─┬─► file, environment, flags ─► Layers ─► Config
//!                               └─► --help, `config print`, docs/reference
//! ```
//!
//! Every source yields text with its origin; a key's type turns it into a value, so a message
//! about a bad value can name the key, the place and what is allowed, whichever the source was.

pub mod attribution;
pub mod budgets;
pub mod choices;
pub mod content_export;
pub mod effective;
pub mod endpoint;
pub mod environment;
pub mod error;
pub mod evaluations;
pub mod file;
pub mod flags;
pub mod header_name;
pub mod key;
pub mod kubernetes;
pub mod layers;
pub mod log_filter;
pub mod otlp;
pub mod policy;
pub mod prices;
pub mod print;
pub mod provider_hosts;
pub mod registry;
pub mod setting;
pub mod suggest;
pub mod units;

#[cfg(test)]
mod tests;
