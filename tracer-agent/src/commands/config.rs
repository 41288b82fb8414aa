//! `config`: show or check the configuration.

use std::{io::Write, process::ExitCode};

use crate::{
    cli::ConfigCommand,
    config::{effective::Config, file, layers::Layers, print},
};

/// Carries out `config print` or `config check`.
pub fn run(command: ConfigCommand) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match command {
        ConfigCommand::Print(args) => {
            let layers = args.layers()?;
            Config::resolve(&layers)?;
            out.write_all(print::effective(&layers)?.as_bytes())?;
        }
        ConfigCommand::Check { file } => {
            Config::resolve(&Layers::new([file::read(&file)?]))?;
            writeln!(out, "{}: ok", file.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
