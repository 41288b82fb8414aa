//! Wires the command line to the agent.

use std::process::ExitCode;

use clap::Parser;
use tracer_agent::{
    cli::Cli,
    commands::{self, failure},
};

fn main() -> ExitCode {
    match commands::dispatch(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            failure::tell(&error);
            failure::exit_code(&error)
        }
    }
}
