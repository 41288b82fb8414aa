//! The agent, as an operator starts it.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::collector::Collector;

/// What `policy explain` said, a line each.
pub struct Said {
    pub lines: Vec<Value>,
}

fn written(policy: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(policy.as_bytes()).unwrap();
    file
}

fn agent(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-agent"));
    command.env_clear().envs(settings.iter().copied());
    command
}

fn done(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Sends a tape to the collector.
pub fn replay(policy: &str, settings: &[(&str, &str)], tape: &Path, collector: &Collector) {
    let policy = written(policy);
    let mut command = agent(settings);
    command
        .arg("replay")
        .arg(tape)
        .args(["--format", "none", "--policy"])
        .arg(policy.path());
    done(command.envs(collector.environment()));
}

/// Says what would be sent.
pub fn explain(
    policy: &str,
    settings: &[(&str, &str)],
    tape: &Path,
    collector: &Collector,
) -> Said {
    let policy = written(policy);
    let mut command = agent(settings);
    command
        .args(["policy", "explain", "--format", "json"])
        .arg(policy.path())
        .arg(tape);
    let said = done(command.envs(collector.environment()));
    let lines = said.lines().map(|line| serde_json::from_str(line).unwrap());
    Said {
        lines: lines.collect(),
    }
}

/// The same for people.
pub fn text(policy: &str, settings: &[(&str, &str)], tape: &Path) -> String {
    let policy = written(policy);
    let mut command = agent(settings);
    command
        .args(["policy", "explain"])
        .arg(policy.path())
        .arg(tape);
    done(&mut command)
}
