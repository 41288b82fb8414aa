//! A web application, unmodified: what a user asked of it is what its calls are part of.

use anyhow::Result;
use tests::harness::{
    client,
    requirements::{
        Need::{Agent, Python},
        met,
    },
    scenario,
};

#[test]
fn calls_for_a_request_are_below_it() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    scenario::agrees(
        None,
        |provider| Ok(client::python("web_app.py", provider)),
        "
        trace
          POST /chats/{}/ask
            embeddings embed-local <inferred:inbound_request
            chat gpt-4o-mini <inferred:inbound_request A
        trace
          chat gpt-4o-mini B
        ",
    )
    .map(drop)
}
