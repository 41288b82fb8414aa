//! From exchanges to calls: who is the provider, what was asked, what came back.
//!
//! ```text
//! RequestHead ─► recognise (hosts, adapters; guess where the path is unknown) ─► Candidate
//! events of its exchange ─► CallBuilder ─► adapter: bodies and stream events ─► Answer
//!                                      ─► headers: quotas, times, gateways
//!                                      ─► Call<Captured>
//! a handshake ─► realtime: a session of many turns, each a call
//! what a stream or another exchange adds to it ─► mcp: Sessions
//! ```
//!
//! [`call`] is the neutral model that all of it ends in.

pub mod call;
pub mod content;
pub mod coverage;
pub mod mcp;
pub mod provider;
pub mod rate_limits;
pub mod usage;

pub(crate) mod builder;
pub(crate) mod candidate;
pub(crate) mod origin;
pub(crate) mod realtime;
pub(crate) mod recognise;
pub(crate) mod strings;
pub(crate) mod unfinished;

mod adapters;
mod answer;
mod body;
mod capture_state;
mod chunk_times;
mod clip;
mod error_body;
mod guess;
mod headers;
mod hosts;
mod json;
mod request_body;
mod request_digest;
mod response;
mod rpc_status;
pub(crate) mod trace_parent;
mod trace_state;
mod upstream;
pub(crate) mod uuid;

#[cfg(any(test, feature = "fuzzing"))]
pub use self::{
    json::fuzz_mended, mcp::fuzz::fuzz_mcp, realtime::fuzz::fuzz_realtime, response::fuzz_response,
};
