//! What cannot work says so in one line, tells what to do, and ends with a status that is not 0.

use std::{fs, net::TcpListener, path::Path, process::Command, time::Duration};

use anyhow::{Result, ensure};
use tests::harness::{
    process::Process,
    requirements::{
        Need::{Agent, Program},
        agent_path, find_program, met,
    },
};

/// Runs a command that must fail; the one line that it prints must hold all of `words`.
fn fails_with(command: &mut Command, words: &[&str]) -> Result<()> {
    let mut process = Process::start(command)?;
    let status = process.wait_end(Duration::from_secs(20))?;
    ensure!(!status.success(), "it succeeded\n{}", process.said());
    ensure!(
        status.code().is_some(),
        "it was ended by a signal\n{}",
        process.said()
    );
    let said = [process.stdout.all(), process.stderr.all()].concat();
    let [error] = said.as_slice() else {
        anyhow::bail!("not one line\n{}", process.said())
    };
    ensure!(error.starts_with("error: "), "{error}");
    for word in words {
        ensure!(error.contains(word), "{word:?} is not in: {error}");
    }
    Ok(())
}

fn agent(arguments: &[&str]) -> Command {
    let mut command = Command::new(agent_path());
    command.arg("run").args(arguments);
    command
}

fn with_config(text: &str, words: &[&str]) -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("agent.toml");
    fs::write(&path, text)?;
    fails_with(&mut agent(&["--config", &path.to_string_lossy()]), words)
}

#[test]
fn malformed_configuration() -> Result<()> {
    with_config("[export]\nqueue_size = [", &["agent.toml", "2"])
}

#[test]
fn unknown_key() -> Result<()> {
    with_config(
        "[capture]\nexchange_capp = \"1MiB\"",
        &["agent.toml", "exchange_capp", "exchange_cap"],
    )
}

#[test]
fn bad_value() -> Result<()> {
    with_config(
        "[capture]\nexchange_cap = \"much\"",
        &["agent.toml", "exchange_cap", "much"],
    )
}

#[test]
fn missing_configuration() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    fails_with(
        &mut agent(&["--config", "/nowhere/agent.toml"]),
        &["/nowhere/agent.toml"],
    )
}

#[test]
fn unwritable_tape() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let existing = tempfile::NamedTempFile::new()?;
    for path in [Path::new("/nowhere/bug.jsonl"), existing.path()] {
        let mut command = Command::new(agent_path());
        command.args(["record", "--output"]).arg(path);
        let name = path.to_string_lossy();
        let words = [name.as_ref(), "cannot create the tape", "--output"];
        fails_with(&mut command, &words)?;
    }
    Ok(())
}

#[test]
fn unreadable_certificate() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let mut command = agent(&["--otlp-endpoint", "https://127.0.0.1:1"]);
    fails_with(
        command.env("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        &["/nowhere/ca.pem"],
    )
}

#[test]
fn endless_configuration() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let mut command = agent(&["--config", "/dev/zero"]);
    fails_with(&mut command, &["/dev/zero", "longer than"])
}

#[test]
fn no_processes_where_they_should_be() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let empty = tempfile::tempdir()?;
    let mut command = agent(&["--metrics-listen", "none"]);
    command.env("LLM_TRACER_PROC", empty.path());
    let path = empty.path().to_string_lossy().into_owned();
    fails_with(&mut command, &[&path, "agent.proc"])
}

#[test]
fn foreign_address() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    // An address for documentation: no host has it.
    fails_with(
        &mut agent(&["--metrics-listen", "192.0.2.1:9"]),
        &["192.0.2.1:9", "--metrics-listen"],
    )
}

#[test]
fn port_in_use() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    fails_with(
        &mut agent(&["--metrics-listen", &address]),
        &[&address, "in use"],
    )
}

#[test]
fn no_privileges() -> Result<()> {
    if !met(&[Agent, Program("setpriv")]) {
        return Ok(());
    }
    let setpriv = find_program("setpriv").unwrap_or_default();
    let mut command = without_capabilities(&setpriv, "-all");
    fails_with(&mut command, &["CAP_BPF"])
}

#[test]
fn one_missing_capability_is_named() -> Result<()> {
    if !met(&[Agent, Program("setpriv")]) {
        return Ok(());
    }
    let setpriv = find_program("setpriv").unwrap_or_default();
    let mut command = without_capabilities(&setpriv, "-all,+bpf,+sys_ptrace,+dac_read_search");
    fails_with(&mut command, &["CAP_PERFMON"])
}

fn without_capabilities(setpriv: &Path, set: &str) -> Command {
    let mut command = Command::new(setpriv);
    command
        .args([&format!("--bounding-set={set}"), "--inh-caps=-all"])
        .arg(agent_path())
        .arg("run");
    command.args(["--metrics-listen", "none"]);
    command
}
