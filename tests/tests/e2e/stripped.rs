//! TLS built into programs and extension modules, with and without symbols: each call reported once,
//! every field exact.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        assistants::CLAUDE_CODE,
        client,
        compare::compare,
        patience::{settled, until},
        process::Process,
        requirements::{
            Need::{self, Native, NativePython, Node, StaticOpenSsl},
            met, native_program, native_python_path, static_openssl_client,
        },
    },
    provider::running::Provider,
};

const BUN: &str = "@oven/bun-linux-x64/bin/bun";

/// Longest time from the first run of a program to its probes.
const SOON: Duration = Duration::from_secs(20);

/// How the agent comes to know of a file.
pub(crate) enum Known<'a> {
    /// It finds it when something uses it first.
    ByUse(&'a mut Command),
    /// It is told.
    ByName(&'a Path),
}

/// Runs a client whose TLS is in `file`, once that is probed.
pub(crate) fn exact(
    needs: &[Need],
    file: &str,
    known: Known<'_>,
    command: impl FnOnce(&Provider) -> Result<Command>,
) -> Result<()> {
    if !met(&[&[Need::Agent], needs].concat()) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let mut launch = Launch::json()?;
    if let Known::ByName(path) = known {
        launch = launch
            .argument("--library")
            .argument(&path.to_string_lossy());
    }
    let agent = launch.start()?;
    if let Known::ByUse(command) = known {
        Process::start(command)?.succeed(SOON)?;
    }
    until(SOON, || is_attached(&agent, file).then_some(()))
        .with_context(|| format!("no probes on {file}\n{}", agent.process.said()))?;
    client::run(command(&provider)?)?;
    let entries = provider.ledger.entries();
    ensure!(!entries.is_empty(), "the client made no call");
    let reports = settled(entries.len(), || agent.calls(&provider));
    compare(&entries, &reports).with_context(|| agent.process.said())
}

fn is_attached(agent: &Agent, file: &str) -> bool {
    let said = agent.process.stderr.all();
    said.iter()
        .any(|line| line.contains("attached") && line.contains(file))
}

pub(crate) fn version_of(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--version");
    command
}

/// Imports a module, so that its libraries are mapped.
pub(crate) fn import(module: &str) -> Command {
    let mut command = Command::new(native_python_path());
    command.args(["-c", &format!("import {module}")]);
    command
}

fn bun(script: &str) -> Result<()> {
    let bun = native_program(BUN);
    exact(
        &[Node, Native(BUN)],
        "/bin/bun",
        Known::ByUse(&mut version_of(&bun)),
        |provider| client::node_by(&bun, script, provider),
    )
}

#[test]
fn bun_openai() -> Result<()> {
    bun("openai.mjs")
}

#[test]
fn bun_anthropic() -> Result<()> {
    bun("anthropic.mjs")
}

#[test]
fn claude_code() -> Result<()> {
    let claude = native_program(CLAUDE_CODE);
    let home = tempfile::tempdir()?;
    exact(
        &[Native(CLAUDE_CODE)],
        "/claude",
        Known::ByUse(version_of(&claude).env("HOME", home.path())),
        |provider| {
            let mut command = client::program(&claude, provider);
            command
                .args(["--model", "claude-local-1", "--print", "n=700 what is it"])
                .current_dir(home.path())
                .env("HOME", home.path())
                .env("ANTHROPIC_BASE_URL", provider.url())
                .env("DISABLE_TELEMETRY", "1")
                .env("DISABLE_ERROR_REPORTING", "1")
                .env("DISABLE_AUTOUPDATER", "1")
                .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
            Ok(command)
        },
    )
}

#[test]
fn curl_cffi() -> Result<()> {
    exact(
        &[NativePython],
        "curl_cffi",
        Known::ByUse(&mut import("curl_cffi")),
        |provider| {
            let python = native_python_path();
            Ok(client::python_by(&python, "curl_cffi_client.py", provider))
        },
    )
}

#[test]
fn pyopenssl() -> Result<()> {
    exact(
        &[NativePython],
        "cryptography",
        Known::ByUse(&mut import("OpenSSL")),
        |provider| {
            let python = native_python_path();
            Ok(client::python_by(&python, "pyopenssl_client.py", provider))
        },
    )
}

/// One TLS object after another at the same address, through both pairs of functions.
#[test]
fn static_openssl() -> Result<()> {
    let path = static_openssl_client();
    let steps = "1 2 new 3 4 new new 5 6".split(' ');
    exact(
        &[StaticOpenSsl],
        "static-openssl/client",
        Known::ByName(&path),
        |provider| {
            let mut command = client::program(&path, provider);
            command
                .arg(provider.address.ip().to_string())
                .arg(provider.address.port().to_string())
                .args(steps);
            Ok(command)
        },
    )
}
