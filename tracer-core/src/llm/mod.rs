//! From exchanges to calls: who is the provider, what was asked, what came back.

pub mod call;
pub mod coverage;
pub mod mcp;
pub mod provider;
pub mod rate_limits;
pub mod usage;

pub(crate) mod builder;
pub(crate) mod candidate;
pub(crate) mod realtime;
pub(crate) mod recognise;
pub(crate) mod strings;

mod adapters;
mod answer;
mod body;
mod capture;
mod chunk_times;
mod clip;
mod error_body;
mod gateway;
mod guess;
mod headers;
mod hosts;
mod json;
mod request_body;
mod response;
#[cfg(any(test, feature = "fuzzing"))]
pub use self::{realtime::fuzz::fuzz_realtime, response::fuzz_response};
mod rpc_status;
mod trace_parent;
mod trace_state;
