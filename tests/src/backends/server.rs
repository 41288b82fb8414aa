//! A backend's process.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use super::api::Api;
use crate::harness::{patience, process::Process};

/// Longest start: both make their database first.
const START: Duration = Duration::from_secs(60);

/// A command of a backend that knows of nobody else: no proxy, no collector, no telemetry.
pub(super) fn command(interpreter: &Path) -> Command {
    let mut command = Command::new(interpreter);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_own = ["OTEL_", "PHOENIX_", "MLFLOW_"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if is_own || text.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command
}

/// Starts it, and waits until a path is answered.
pub(super) fn start(command: &mut Command, api: Api, path: &str) -> Result<Process> {
    let mut process = Process::start(command)?;
    let answers = patience::until(START, || {
        let answers = api.answers(path);
        (answers || process.has_ended()).then_some(answers)
    });
    let answers = answers.filter(|answers| *answers);
    answers.with_context(|| format!("the backend does not answer\n{}", process.said()))?;
    Ok(process)
}
