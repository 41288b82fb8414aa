//! `cargo xtask e2e`: real clients, the release agent, real collectors. Tier 1.

use anyhow::Result;
use clap::Args;

use crate::{build, nextest, node, packages, paths::workspace_root, python, step, tally::Tally};

/// Arguments of `e2e`.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// Run the long versions: two minutes without a collector instead of seconds.
    #[arg(long)]
    long: bool,
    /// Further arguments of `cargo nextest run`, such as a filter.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    nextest: Vec<String>,
}

/// Prepares the clients and the agent, then runs the tests.
///
/// # Errors
/// If something cannot be built or installed, or the tests do not end with a count.
pub fn run(arguments: &Arguments) -> Result<Tally> {
    build::run()?;
    prepare()?;
    let mut words = arguments.nextest.clone();
    if !step::is_root() && step::exists("sudo", "-nv") {
        let runner = r#"target.'cfg(unix)'.runner = ["sudo", "--preserve-env"]"#;
        words.extend(["--config".to_owned(), runner.to_owned()]);
    }
    nextest::run(if arguments.long { "e2e-long" } else { "e2e" }, &words)
}

/// Installs the clients and collectors that the tests drive.
///
/// # Errors
/// If a package cannot be had.
pub fn prepare() -> Result<()> {
    if !step::exists("curl", "--version") {
        packages::apt_install(&["curl"])?;
    }
    python_clients()?;
    node::modules()?;
    Ok(())
}

/// The Python clients alone.
///
/// # Errors
/// If a package cannot be had.
pub fn python_clients() -> Result<std::path::PathBuf> {
    python::venv(
        "venv",
        &workspace_root().join("tests/clients/python/requirements.txt"),
    )
}
