//! From exchanges to calls: who is the provider, what was asked, what came back.

pub mod call;
pub mod provider;
pub mod recognise;
pub mod usage;

pub(crate) mod builder;

mod adapters;
mod answer;
mod body;
mod chunk_times;
mod clip;
mod error_body;
mod event;
mod hosts;
mod json;
mod openai_usage;
mod prefilter;
mod request;
mod response;
#[cfg(any(test, feature = "fuzzing"))]
pub use response::fuzz_response;
mod trace_parent;
mod trace_state;

mod anthropic;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_responses;
