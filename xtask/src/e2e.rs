//! `cargo xtask e2e`: real clients, the release agent, real collectors. Tier 1.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::{
    build, dotnet, golang, matrix, missing::optional, nextest, node, openssl, packages,
    paths::workspace_root, python, rustls, step, tally::Tally,
};

/// Environment variable with the folder that the tests write tapes to.
const TAPES: &str = "TRACER_TAPES";

/// Arguments of `e2e`.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// Run the long versions: two minutes without a collector instead of seconds.
    #[arg(long)]
    long: bool,
    /// Record the tapes that tier 0 replays (tracer-core/tests/tapes/clients) instead of testing.
    #[arg(long)]
    record_tapes: bool,
    /// Run the matrix of clients instead, and write `docs/reference/clients.md`. Further arguments
    /// then choose programs by parts of their names, and no page is written.
    #[arg(long)]
    matrix: bool,
    /// Write the rows of the matrix as JSON.
    #[arg(long, requires = "matrix", value_name = "FILE")]
    json: Option<PathBuf>,
    /// Further arguments of `cargo nextest run`, such as a filter.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    nextest: Vec<String>,
}

/// Where the tests look for another agent than the release build; set to nothing: there is none.
const AGENT: &str = "TRACER_TEST_AGENT";

/// Prepares the clients and the agent, then runs the tests. Where something cannot be had, the
/// tests that need it say that they are skipped.
///
/// # Errors
/// If something cannot be built, or the tests do not end with a count.
pub fn run(arguments: &Arguments) -> Result<Tally> {
    // An agent of an earlier build is not the one to test.
    let no_agent = optional(build::run())?.is_none() && std::env::var_os(AGENT).is_none();
    prepare_what_is_here()?;
    if arguments.matrix {
        return matrix::run(arguments.json.as_deref(), &arguments.nextest);
    }
    let mut words = arguments.nextest.clone();
    let mut variables = Vec::new();
    let tapes = workspace_root().join("tracer-core/tests/tapes/clients");
    let tapes = tapes.to_string_lossy();
    if no_agent {
        variables.push((AGENT, ""));
    }
    if arguments.record_tapes {
        variables.push((TAPES, &*tapes));
        words.push("tapes::".to_owned());
    }
    if !step::is_root() && step::exists("sudo", "-nv") {
        let runner = r#"target.'cfg(unix)'.runner = ["sudo", "--preserve-env"]"#;
        words.extend(["--config".to_owned(), runner.to_owned()]);
    }
    let profile = if arguments.long { "e2e-long" } else { "e2e" };
    nextest::run_with(profile, &words, &variables)
}

/// Installs the clients and collectors that the tests drive.
///
/// # Errors
/// If a package cannot be had.
pub fn prepare() -> Result<()> {
    CLIENTS.iter().try_for_each(|client| client())
}

/// The same, but what cannot be had is said and left out.
///
/// # Errors
/// If something that is here cannot be made ready.
pub fn prepare_what_is_here() -> Result<()> {
    CLIENTS
        .iter()
        .try_for_each(|client| optional(client()).map(drop))
}

/// What gets each kind of client ready.
const CLIENTS: [fn() -> Result<()>; 18] = [
    curl,
    || python_clients().map(drop),
    || openssl::libraries(&python_clients()?),
    || node::modules("node").map(drop),
    || node::modules("native").map(drop),
    native_python,
    agents,
    backends,
    || openssl::STATIC_CLIENT.build().map(drop),
    openssl::short_lived,
    rustls::clients,
    || openssl::arm64_library(&python_clients()?),
    || packages::apt_install(&["wget"]),
    || packages::apt_install(&["libcurl3-gnutls"]),
    // Not in Debian 13 and later.
    || optional(packages::apt_install(&["libcurl3-nss"])).map(drop),
    || golang::clients(&python_clients()?),
    golang::programs,
    || dotnet::clients(&python_clients()?),
];

fn curl() -> Result<()> {
    if step::exists("curl", "--version") {
        return Ok(());
    }
    packages::apt_install(&["curl"])
}

/// Python packages with a TLS library of their own built in.
fn native_python() -> Result<()> {
    let requirements = workspace_root().join("tests/clients/python/native.txt");
    python::venv("venv-native", &requirements).map(drop)
}

/// Agents on the frameworks that people write them with.
fn agents() -> Result<()> {
    let requirements = workspace_root().join("tests/clients/python/agents/requirements.txt");
    python::venv("venv-agents", &requirements).map(drop)
}

/// Backends of traces.
fn backends() -> Result<()> {
    for name in ["phoenix", "mlflow"] {
        let requirements = format!("tests/clients/python/backends/{name}.txt");
        let folder = format!("venv-{name}");
        optional(python::venv(&folder, &workspace_root().join(requirements)))?;
    }
    Ok(())
}

/// The Python clients alone.
///
/// # Errors
/// If a package cannot be had.
pub fn python_clients() -> Result<PathBuf> {
    python::venv(
        "venv",
        &workspace_root().join("tests/clients/python/requirements.txt"),
    )
}
