//! Streams of messages inside a body.

pub mod event;
pub mod framing;
pub mod sse;
