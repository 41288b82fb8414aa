//! Holds the agent together while it runs.

use std::process::ExitCode;

use crate::config::effective::Config;

/// Runs the agent.
pub fn run(_config: Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not yet wired")
}
