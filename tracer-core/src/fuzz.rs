//! Every fuzz entry of the core, by name.
//!
//! `fuzz/` has one line per entry for cargo-fuzz; the smoke tests run them on any toolchain. An
//! entry takes any bytes and panics if what it checks does not hold.

mod pipeline;
#[cfg(test)]
mod smoke;

/// The entry that stands beside the parser.
pub use crate::{
    detect::fuzz_detect as detect,
    http::{content_encoding::fuzz_content_encoding as content_encoding, h1::fuzz::fuzz_h1 as h1},
    reassembly::fuzz_reassembly as reassembly,
    stream::sse::fuzz_sse as sse,
};
pub use pipeline::fuzz_pipeline as pipeline;
