//! Streams that take nothing: what the agent does when standard output or error is gone or full.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::harness::{
    patience::until,
    process::Process,
    requirements::{
        Need::{self, Agent},
        agent_path, met,
    },
};

const SOON: Duration = Duration::from_secs(20);

/// `script` with the agent as `"$@"`.
fn shell(script: &str, arguments: &[&str]) -> Result<Process> {
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .arg(agent_path())
        .args(arguments);
    Process::start(&mut command)
}

const RUN: [&str; 3] = ["run", "--metrics-listen", "none"];

/// What was said but for the log's ordinary lines.
fn complaints(process: &Process) -> Vec<String> {
    let mut said = process.stderr.all();
    said.retain(|line| !line.contains(" INFO ") && !line.starts_with("ready"));
    said
}

/// Takes nothing, as a full disk.
const FULL: Need = Need::File("/dev/full");

#[test]
fn the_only_output_is_full() -> Result<()> {
    if !met(&[Agent, FULL]) {
        return Ok(());
    }
    let mut process = shell(r#"exec "$@" >/dev/full"#, &RUN)?;
    let status = process.wait_end(SOON)?;
    ensure!(status.code() == Some(1), "{status}\n{}", process.said());
    let [complaint] = &complaints(&process)[..] else {
        anyhow::bail!("not one line\n{}", process.said())
    };
    ensure!(
        complaint.starts_with("error: cannot write the terminal output"),
        "{complaint}"
    );
    Ok(())
}

#[test]
fn nobody_reads_the_only_output() -> Result<()> {
    if !met(&[Agent]) {
        return Ok(());
    }
    let mut process = shell(r#"{ "$@"; echo "status $?" >&2; } | true"#, &RUN)?;
    process.wait_end(SOON)?;
    let complaints = complaints(&process);
    ensure!(complaints == ["status 0"], "{}", process.said());
    Ok(())
}

/// A collector is still there, as far as the agent knows.
#[test]
fn one_output_of_two_is_full() -> Result<()> {
    if !met(&[Agent, FULL]) {
        return Ok(());
    }
    let endpoint = [&RUN[..], &["--otlp-endpoint", "http://127.0.0.1:9"]].concat();
    let mut process = shell(r#"exec "$@" >/dev/full"#, &endpoint)?;
    let warned = until(SOON, || {
        let said = complaints(&process);
        said.iter()
            .any(|line| line.contains("cannot write the terminal output"))
            .then_some(())
    });
    warned.with_context(|| process.said())?;
    ensure!(!process.has_ended(), "it ended\n{}", process.said());
    process.signal(libc::SIGTERM);
    ensure!(process.wait_end(SOON)?.code().is_some());
    Ok(())
}

#[test]
fn the_log_is_full() -> Result<()> {
    if !met(&[Agent, FULL]) {
        return Ok(());
    }
    let mut process = shell(r#"exec "$@" 2>/dev/full"#, &RUN)?;
    process.wait_line(0, |line| line.starts_with("time "), SOON)?;
    process.signal(libc::SIGTERM);
    let status = process.wait_end(SOON)?;
    ensure!(status.success(), "{status}");
    Ok(())
}

#[test]
fn commands_that_print_say_what_went_wrong() -> Result<()> {
    if !met(&[Agent, FULL]) {
        return Ok(());
    }
    let commands: [&[&str]; 4] = [
        &["config", "print"],
        &["completions", "bash"],
        &["doctor"],
        &["doctor", "--format", "json"],
    ];
    for command in commands {
        let mut process = shell(r#"exec "$@" >/dev/full"#, command)?;
        let status = process.wait_end(SOON)?;
        let said = process.stderr.all();
        ensure!(status.code() == Some(1), "{command:?}: {status}");
        ensure!(
            said.len() == 1
                && said
                    .iter()
                    .all(|line| line.starts_with("error: cannot write to standard output: ")),
            "{command:?}: {said:?}"
        );
        let mut process = shell(r#"{ "$@"; echo "status $?" >&2; } | true"#, command)?;
        process.wait_end(SOON)?;
        ensure!(
            process.stderr.all() == ["status 0"],
            "{command:?}: {}",
            process.said()
        );
    }
    Ok(())
}
