//! `cargo xtask soak`, `churn` and `cycles`: what only time shows.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{build, counted::counted, e2e, paths::workspace_root, step, tally::Tally};

/// Arguments of `soak`.
#[derive(Debug, Args)]
pub struct Soak {
    /// How long it runs.
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    minutes: f64,
    /// Write what was counted as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Arguments of `churn`.
#[derive(Debug, Args)]
pub struct Churn {
    /// How many processes come and go.
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    processes: usize,
    /// Write what was counted as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Arguments of `cycles`.
#[derive(Debug, Args)]
pub struct Cycles {
    /// How many agents come and go.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    cycles: u64,
    /// Write what was counted as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Processes of mixed runtimes at once, with restarts.
///
/// # Errors
/// If something cannot be built, or the run breaks off.
pub fn soak(arguments: &Soak) -> Result<Tally> {
    run(
        &["soak", "--minutes", &arguments.minutes.to_string()],
        arguments.json.as_deref(),
    )
}

/// Short processes, one after the other.
///
/// # Errors
/// As for [`soak`].
pub fn churn(arguments: &Churn) -> Result<Tally> {
    run(
        &["churn", "--processes", &arguments.processes.to_string()],
        arguments.json.as_deref(),
    )
}

/// Agents that come and go beside a load.
///
/// # Errors
/// As for [`soak`].
pub fn cycles(arguments: &Cycles) -> Result<Tally> {
    run(
        &["cycles", "--cycles", &arguments.cycles.to_string()],
        arguments.json.as_deref(),
    )
}

fn run(words: &[&str], json: Option<&Path>) -> Result<Tally> {
    build::run()?;
    e2e::prepare_what_is_here()?;
    let build = [
        "build",
        "--quiet",
        "--package",
        "tests",
        "--bin",
        "endurance",
    ];
    step::run(step::cargo().args(build))?;
    let mut command = step::as_root(&workspace_root().join("target/debug/endurance"));
    command.args(words);
    if let Some(json) = json {
        let json = std::path::absolute(json)
            .with_context(|| format!("cannot tell where {} is", json.display()))?;
        command.arg("--json").arg(json);
    }
    counted(&mut command)
}
