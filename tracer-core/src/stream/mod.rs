//! Streams of messages inside a body.

pub mod sse;
