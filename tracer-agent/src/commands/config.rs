//! `config`: show or check the configuration.

use std::process::ExitCode;

use super::output;
use crate::{
    cli::ConfigCommand,
    config::{effective::Config, file, layers::Layers, policy, prices, print},
};

/// Carries out `config print` or `config check`.
pub fn run(command: ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Print(args) => {
            let layers = args.layers()?;
            Config::resolve(&layers)?;
            output::print(print::effective(&layers)?)?;
        }
        ConfigCommand::Check { file } => {
            let config = Config::resolve(&Layers::new([file::read(&file)?]))?;
            prices::load(&config.cost)?;
            policy::load(config.policy.as_deref())?;
            output::print(format!("{}: ok\n", file.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
