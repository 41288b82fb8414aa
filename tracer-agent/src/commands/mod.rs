//! One file per command: from arguments to an exit code.

pub mod completions;
pub mod config;
pub mod doctor;
pub mod failure;
pub mod generate_docs;
pub mod output;
pub mod policy;
pub mod record;
pub mod replay;
pub mod run;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Carries out what the command line asks for.
pub fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::BareProbe(args) => run::run_bare(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Config(command) => config::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Completions { shell } => completions::run(shell),
        Command::GenerateDocs { directory } => generate_docs::run(&directory),
    }
}
