//! Sans-IO heart of the tracer: captured bytes in, LLM calls and spans out.
//!
//! Nothing here knows the kernel, the network, the file system or the clock: time comes in as a
//! value ([`time::Timestamp`]). [`pipeline::Pipeline`] is the entry point; the modules follow the
//! data flow, top to bottom.
#![forbid(unsafe_code)]

pub mod attribution;
mod buffer;
pub mod confidence;
mod latest;
pub mod limits;
pub mod money;
pub mod segment;
pub mod socket;
pub mod time;

pub mod detect;
pub mod reassembly;

pub mod correlate;
pub mod evaluation;
pub mod http;
pub mod llm;
pub mod pipeline;
pub mod policy;
pub mod pricing;
pub mod semconv;
pub mod stream;
pub mod tape;
pub mod text;
pub mod verdict;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
