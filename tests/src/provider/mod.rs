//! An LLM provider on loopback: the wire APIs of several, over TLS or without, with a ledger of every
//! exchange served.
//!
//! TLS is rustls, so an agent that traces libssl sees the clients only, never this server; without TLS
//! it sees both ends, and tells them apart.

pub mod answer;
pub mod anthropic;
pub mod asked;
pub mod bedrock_converse;
pub mod called;
pub mod certificate;
pub mod failure;
pub mod google_generate;
pub mod ledger;
pub mod ollama_chat;
pub mod openai_chat;
pub mod openai_completions;
pub mod openai_embeddings;
pub mod openai_responses;
pub mod options;
pub mod other;
pub mod realtime;
pub mod respond;
pub mod running;
pub mod script;
pub mod server;
pub mod xai_chat;
