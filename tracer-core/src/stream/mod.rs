//! Streams of messages inside a body.

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
