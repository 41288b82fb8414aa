//! Every fuzz entry of the core, by name.
//!
//! `fuzz/` has one line per entry for cargo-fuzz; the smoke tests run them on any toolchain. An
//! entry takes any bytes and panics if what it checks does not hold.

mod connections;
#[cfg(test)]
mod smoke;

pub use crate::{
    attribution::fuzz_attribution as attribution,
    detect::fuzz_detect as detect,
    evaluation::fuzz_schema as schema,
    http::{
        content_encoding::fuzz_content_encoding as content_encoding, h1::fuzz::fuzz_h1 as h1,
        h2::fuzz::fuzz_h2 as h2, hpack::fuzz::fuzz_hpack as hpack,
        multipart::fuzz_multipart as multipart,
    },
    llm::{
        fuzz_mcp as mcp, fuzz_mended as json, fuzz_realtime as realtime, fuzz_response as response,
    },
    policy::{mask::fuzz::fuzz_maskers as maskers, rules::fuzz::fuzz_policy as policy},
    pricing::fuzz_prices as prices,
    reassembly::fuzz_reassembly as reassembly,
    semconv::fuzz::fuzz_documents as documents,
    stream::{
        event_stream::fuzz_event_stream as event_stream, json_array::fuzz_json_array as json_array,
        ndjson::fuzz_ndjson as ndjson, sse::fuzz_sse as sse,
        websocket::fuzz::fuzz_websocket as websocket,
    },
    tape::mask::fuzz::fuzz_mask as mask,
};
pub use connections::fuzz_connections as connections;

/// One connection with a loss here and there: each call is released and described.
pub fn pipeline(data: &[u8]) {
    crate::pipeline::fuzz::fuzz_pipeline(data);
}
