//! Real clients, unmodified: how they are told where the provider is and whom to trust.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::{
    dotnet::Dotnet,
    process::Process,
    requirements::{node_folder, python_path, workspace_root},
};
use crate::provider::running::Provider;

/// Longest run of a client.
pub const CLIENT_LIMIT: Duration = Duration::from_secs(120);

/// Longest wait for the answer to one call.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Key that clients send unless a test plants another.
const API_KEY: &str = "sk-local-0123456789";

/// A Python script of `tests/clients/python`, in the clients' environment.
pub fn python(script: &str, provider: &Provider) -> Command {
    python_by(&python_path(), script, provider)
}

/// The same by another name of the interpreter.
pub fn python_by(interpreter: &Path, script: &str, provider: &Provider) -> Command {
    let mut command = Command::new(interpreter);
    command.arg("-B").arg(clients().join("python").join(script));
    command.env("PYTHONUNBUFFERED", "1");
    environment(&mut command, provider);
    command
}

/// A Node script of `tests/clients/node`, beside the installed packages.
///
/// # Errors
/// If it cannot be copied there.
pub fn node(script: &str, provider: &Provider) -> Result<Command> {
    node_by(Path::new("node"), script, provider)
}

/// The same by another runtime.
///
/// # Errors
/// If it cannot be copied there.
pub fn node_by(runtime: &Path, script: &str, provider: &Provider) -> Result<Command> {
    node_with(runtime, &[], script, provider)
}

/// The same by one that wants arguments in front of the script.
///
/// # Errors
/// If it cannot be copied there.
pub fn node_with(
    runtime: &Path,
    arguments: &[&str],
    script: &str,
    provider: &Provider,
) -> Result<Command> {
    let copy = node_folder().join(script);
    std::fs::copy(clients().join("node").join(script), &copy)
        .with_context(|| format!("cannot copy {script} to {}", copy.display()))?;
    let mut command = Command::new(runtime);
    command.args(arguments).arg(copy);
    environment(&mut command, provider);
    Ok(command)
}

/// Any program.
pub fn program(path: &Path, provider: &Provider) -> Command {
    let mut command = Command::new(path);
    environment(&mut command, provider);
    command
}

/// The program for .NET: by each version of HTTP, one call, one stream, and calls at once.
///
/// # Errors
/// If its OpenSSL cannot be put where the runtime finds it.
pub fn dotnet(release: Dotnet, provider: &Provider) -> Result<Command> {
    let mut command = release.command(&["1.1", "2.0"])?;
    environment(&mut command, provider);
    Ok(command)
}

/// A shell script of `tests/clients`.
pub fn shell(script: &str, provider: &Provider) -> Command {
    let mut command = Command::new("sh");
    command.arg(clients().join(script));
    environment(&mut command, provider);
    command
}

/// The same client without TLS.
pub fn plain(mut command: Command, provider: &Provider) -> Command {
    command.env("PROVIDER", provider.plain_url());
    command
}

/// Runs a client to its end.
///
/// # Errors
/// If it fails, for clients check what they are answered.
pub fn run(mut command: Command) -> Result<()> {
    Process::start(&mut command)?.succeed(CLIENT_LIMIT)
}

/// Lets a driver, a client that waits for numbers, make call `n`, and waits until it is answered.
///
/// # Errors
/// If it is not in time.
pub fn call(driver: &mut Process, n: u64) -> Result<()> {
    driver.say(&n.to_string())?;
    driver
        .wait_line(0, |line| line == format!("answered {n}"), ANSWERED_WITHIN)
        .map(drop)
}

fn clients() -> PathBuf {
    workspace_root().join("tests/clients")
}

/// Endpoint, key and trust, without anything of the caller's own.
fn environment(command: &mut Command, provider: &Provider) {
    let variables = [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "CA",
    ];
    command.envs(variables.map(|name| (name, provider.ca.as_os_str())));
    command
        .env("PROVIDER", provider.url())
        .env("OPENAI_API_KEY", API_KEY)
        .env("ANTHROPIC_API_KEY", API_KEY);
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env_remove(name);
    }
    for name in [
        "OPENAI_BASE_URL",
        "ANTHROPIC_BASE_URL",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
    ] {
        command.env_remove(name);
    }
}
