//! Runs one program past the agent and counts what became of its calls.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::{
    program::{Listed, Program, Tls},
    row::{Outcome, Row},
};
use crate::{
    harness::{
        agent::Agent,
        client,
        compare::compare,
        patience::{settled, until},
        report::Report,
    },
    provider::{ledger::Entry, running::Provider},
};

/// Longest time from the first run of a program to its probes.
const ATTACHED_WITHIN: Duration = Duration::from_secs(20);

/// Characters of what a failed program says that are shown.
const MAX_REASON: usize = 120;

/// The row of one entry, and its outcome.
pub fn run(listed: Listed, agent: &Agent) -> (Row, Outcome) {
    let program = match listed {
        Listed::Here(program) => program,
        Listed::Absent { name, reason } => return (Row::absent(name, reason), Outcome::Skipped),
    };
    let (name, tls) = (program.name.clone(), program.tls);
    let row = called(program, agent).unwrap_or_else(|error| Row::absent(name, failed(&error)));
    let outcome = match tls {
        Tls::In(_) | Tls::Without => row.outcome(),
        Tls::NotSeen(_) => Outcome::Skipped,
    };
    (row, outcome)
}

fn called(mut program: Box<Program>, agent: &Agent) -> Result<Row> {
    let (version, tls) = versions(&mut program.version)?;
    let located_by = match program.tls {
        Tls::In(file) => until(ATTACHED_WITHIN, || located_by(agent, file)),
        Tls::Without => Some("sockets".to_owned()),
        Tls::NotSeen(_) => None,
    };
    let provider = Provider::start("")?;
    // A provider of an earlier row may have had the same port.
    let earlier = agent.calls(&provider).len();
    let reported = || agent.calls(&provider).split_off(earlier);
    let failure = (program.calls)(&provider)?
        .into_iter()
        .map(client::run)
        .find_map(Result::err);
    let entries = provider.ledger.entries();
    let reports = match program.tls {
        Tls::In(_) | Tls::Without => settled(entries.len(), reported),
        Tls::NotSeen(_) => reported(),
    };
    let tally = Tally::of(&entries, &reports);
    let reason = match program.tls {
        Tls::NotSeen(reason) => Some(reason.to_owned()),
        Tls::In(file) => failure
            .map(|error| failed(&error))
            .or_else(|| {
                located_by
                    .is_none()
                    .then(|| format!("nothing like {file} is probed"))
            })
            .or(tally.difference),
        Tls::Without => failure.map(|error| failed(&error)).or(tally.difference),
    };
    Ok(Row {
        program: program.name,
        version,
        tls,
        located_by: located_by.unwrap_or_default(),
        http: tally.http,
        made: entries.len(),
        seen: tally.seen,
        exact: tally.exact,
        reason,
    })
}

/// The two lines that a program says of itself.
fn versions(command: &mut Command) -> Result<(String, String)> {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    ensure!(output.status.success(), "{name} does not tell its version");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().map(|line| line.trim().to_owned());
    let version = lines.next().unwrap_or_default();
    Ok((version, lines.next().unwrap_or_default()))
}

/// What the agent said when it attached to a file.
fn located_by(agent: &Agent, file: &str) -> Option<String> {
    const FIELD: &str = "located_by=";
    let said = agent.process.stderr.all();
    let line = said
        .iter()
        .find(|line| line.contains("attached") && has(line, file))?;
    let (_, located_by) = line.split_once(FIELD)?;
    Some(located_by.trim().to_owned())
}

/// Whether a text has all parts of a pattern in it, one behind the other.
fn has(text: &str, pattern: &str) -> bool {
    let mut rest = Some(text);
    for part in pattern.split('*') {
        rest = rest
            .and_then(|rest| rest.split_once(part))
            .map(|(_, rest)| rest);
    }
    rest.is_some()
}

struct Tally {
    http: String,
    seen: usize,
    exact: usize,
    difference: Option<String>,
}

impl Tally {
    fn of(entries: &[Entry], reports: &[Report]) -> Self {
        let versions: BTreeSet<&str> = entries
            .iter()
            .map(|entry| entry.http_version.as_str())
            .collect();
        let of_entry = |entry: &Entry| -> Vec<Report> {
            let id = Some(entry.request_id.as_str());
            let reports = reports.iter();
            let own = reports.filter(|report| report.text("llm_tracer.request_id") == id);
            own.cloned().collect()
        };
        let is_exact =
            |entry: &&Entry| compare(std::slice::from_ref(*entry), &of_entry(entry)).is_ok();
        Self {
            http: versions.into_iter().collect::<Vec<_>>().join(", "),
            seen: entries
                .iter()
                .filter(|entry| !of_entry(entry).is_empty())
                .count(),
            exact: entries.iter().filter(is_exact).count(),
            difference: compare(entries, reports)
                .err()
                .map(|error| first_of(&error)),
        }
    }
}

/// How many differences there are, and the first of them.
fn first_of(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().take(2).map(str::trim).collect();
    lines.join(": ")
}

/// The last line of what a program says is mostly the one that tells; no more of it, since it may be of
/// this machine alone.
fn failed(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let last = lines.next_back().unwrap_or_default();
    let short: String = last.trim().chars().take(MAX_REASON).collect();
    format!("it failed: {short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_pattern_stand_one_behind_the_other() {
        let line = "attached file=/home/venv-native/lib/cryptography/_rust.so located_by=symbols";
        assert!(has(line, "venv-native/*cryptography"));
        assert!(!has(line, "cryptography*venv-native/"));
        assert!(!has(line, "venv/*cryptography"));
    }
}
