//! `completions`: a script for the shell.

use std::{io, process::ExitCode};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Writes the script to standard output.
pub fn run(shell: Shell) -> anyhow::Result<ExitCode> {
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "tracer-agent",
        &mut io::stdout().lock(),
    );
    Ok(ExitCode::SUCCESS)
}
