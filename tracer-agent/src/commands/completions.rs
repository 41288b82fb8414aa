//! `completions`: a script for the shell.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::output;
use crate::cli::Cli;

/// Writes the script to standard output.
pub fn run(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tracer-agent", &mut script);
    output::print(script)?;
    Ok(ExitCode::SUCCESS)
}
