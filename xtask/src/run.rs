//! `cargo xtask run`: builds the agent and traces this host.

use std::{ffi::OsString, os::unix::process::CommandExt as _};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{build, step};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Arguments for `tracer-agent run`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    agent: Vec<OsString>,
}

/// Becomes the agent.
///
/// # Errors
/// If the build fails or the agent (or sudo) cannot be started.
pub fn run(arguments: Arguments) -> Result<()> {
    let agent = build::run()?;
    let error = step::as_root(&agent)
        .arg("run")
        .args(arguments.agent)
        .exec();
    Err(error).with_context(|| {
        let agent = agent.display();
        if step::is_root() {
            format!("cannot start {agent}")
        } else {
            format!(
                "cannot start {agent} by sudo, which tracing takes: install sudo or run this as root"
            )
        }
    })
}
