//! Streams of messages: inside the body of a response, or behind a WebSocket handshake.
//!
//! [`framing`] tells which of the formats a body is in; each of the others reads one of them.

pub mod event;
pub mod event_stream;
pub mod framing;
pub mod grpc;
mod held;
pub mod json_array;
pub mod ndjson;
pub mod sse;
pub mod websocket;

#[cfg(any(test, feature = "fuzzing"))]
mod fuzz;
