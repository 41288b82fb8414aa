//! `run`: trace this host.

use std::{io::IsTerminal, process::ExitCode};

use crate::{
    cli::SettingsArgs,
    config::{effective::Config, environment},
    runtime::{bare, supervisor},
};

/// Resolves the configuration, starts logging and hands over to the supervisor.
pub fn run(args: &SettingsArgs) -> anyhow::Result<ExitCode> {
    supervisor::run(prepare(args)?)
}

/// The same, for empty programs.
pub fn run_bare(args: &SettingsArgs) -> anyhow::Result<ExitCode> {
    bare::run(&prepare(args)?)
}

/// Resolves the configuration and starts logging.
pub(super) fn prepare(args: &SettingsArgs) -> anyhow::Result<Config> {
    let config = args.resolve()?;
    tracing_subscriber::fmt()
        .with_env_filter(config.agent.log.to_env_filter())
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // What the log cannot take is lost; telling of it, on the same stream, would end the agent.
        .log_internal_errors(false)
        .init();
    for (name, nearest) in environment::unknown(std::env::vars_os().map(|(name, _)| name)) {
        match nearest {
            Some(nearest) => {
                tracing::warn!("environment variable {name} is not known; did you mean {nearest}?")
            }
            None => tracing::warn!("environment variable {name} is not known"),
        }
    }
    Ok(config)
}
