//! A backend's processes.

use std::{os::unix::process::CommandExt as _, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use super::api::Api;
use crate::harness::{patience, process::Process};

/// Longest start: both make their database first.
const START: Duration = Duration::from_secs(60);

/// A backend with all processes that it has started; dropped, they are killed.
#[derive(Debug)]
pub(super) struct Server(Process);

impl Server {
    /// What it said.
    pub(super) fn said(&self) -> String {
        self.0.said()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: takes two numbers. The group is the child's own, which is not yet reaped.
        unsafe { libc::kill(-self.0.id().cast_signed(), libc::SIGKILL) };
    }
}

/// A command of a backend that knows of nobody else: no proxy, no collector, no telemetry.
pub(super) fn command(interpreter: &Path) -> Command {
    let mut command = Command::new(interpreter);
    command.process_group(0);
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
pub(super) fn start(command: &mut Command, api: Api, path: &str) -> Result<Server> {
    let mut server = Server(Process::start(command)?);
    let answers = patience::until(START, || {
        let answers = api.answers(path);
        (answers || server.0.has_ended()).then_some(answers)
    });
    let answers = answers.filter(|answers| *answers);
    answers.with_context(|| format!("the backend does not answer\n{}", server.said()))?;
    Ok(server)
}
