//! Models spoken to over a WebSocket: sessions of many turns, each of them a call.
//!
//! ```text
//! handshake ──► recognise ──► Session ──► Dialect ──► Turns ──► calls
//!                               ▲
//! parts of messages ────────────┘ skeletons of JSON: neither audio nor prose is kept
//! ```
//!
//! A turn is what the model does in answer to one request or to what it heard. It has the session's
//! model and parameters, its own usage and times, and the trace context of the handshake.

pub(crate) mod handshake;
pub(crate) mod overheard;
pub(crate) mod session;

mod dialect;
mod google_live;
mod openai_realtime;
mod openai_responses;
mod turns;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
#[cfg(test)]
mod testing;
