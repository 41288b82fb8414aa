//! Wires the command line to the agent.

use std::process::ExitCode;

use clap::Parser;
use tracer_agent::{cli::Cli, commands};

#[expect(
    clippy::print_stderr,
    reason = "the one place where a failure is told to the user"
)]
fn main() -> ExitCode {
    match commands::dispatch(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
