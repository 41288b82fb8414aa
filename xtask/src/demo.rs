//! `cargo xtask demo`: a local provider, a real client, the agent, and the calls on screen.

use anyhow::Result;

use crate::{build, e2e, paths::workspace_root, step};

/// Runs the demo to its end.
///
/// # Errors
/// If something cannot be built or installed, or a call was missed.
pub fn run() -> Result<()> {
    build::run()?;
    e2e::python_clients()?;
    step::run(step::cargo().args(["build", "--quiet", "--package", "tests", "--bin", "demo"]))?;
    step::run(&mut step::as_root(
        &workspace_root().join("target/debug/demo"),
    ))
}
