//! `run`: trace this host.

use std::process::ExitCode;

use crate::{cli::SettingsArgs, config::environment, runtime::supervisor};

/// Resolves the configuration, starts logging and hands over to the supervisor.
pub fn run(args: &SettingsArgs) -> anyhow::Result<ExitCode> {
    let config = args.resolve()?;
    tracing_subscriber::fmt()
        .with_env_filter(config.agent.log.to_env_filter())
        .with_writer(std::io::stderr)
        .init();
    for (name, nearest) in environment::unknown(std::env::vars_os().map(|(name, _)| name)) {
        match nearest {
            Some(nearest) => tracing::warn!("environment variable {name} is not known; did you mean {nearest}?"),
            None => tracing::warn!("environment variable {name} is not known"),
        }
    }
    supervisor::run(config)
}
