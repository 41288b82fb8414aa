//! `cargo xtask build`: the kernel half, then the agent with it inside.

use std::path::PathBuf;

use anyhow::Result;

use crate::{ebpf, paths::workspace_root, step};

/// Builds `target/release/tracer-agent` and returns its path.
///
/// # Errors
/// If a toolchain is missing and cannot be installed, or a build fails.
pub fn run() -> Result<PathBuf> {
    ebpf::build()?;
    step::run(step::cargo().args(["build", "--release", "--package", "tracer-agent"]))?;
    Ok(agent())
}

/// Where the release agent is.
pub fn agent() -> PathBuf {
    workspace_root().join("target/release/tracer-agent")
}
