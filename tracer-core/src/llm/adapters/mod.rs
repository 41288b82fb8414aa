//! One file per wire API, and the table that lists them. `README.md` beside this file shows how to
//! add one.

#[expect(dead_code, reason = "the contract is wider than what the adapters use")]
pub(super) mod adapter;
pub(super) mod event;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the contract is wider than what the adapters use")
)]
pub(super) mod request_line;
pub(super) mod table;

mod deployment;
mod openai_prefilter;
mod openai_usage;

mod anthropic;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_responses;

mod mcp;
mod retrieval;

#[cfg(test)]
mod testing;
