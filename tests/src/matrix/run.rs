//! Runs one program past the agent and counts what became of its calls.

use std::{collections::BTreeSet, process::Command, time::Duration};

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

/// The row of one entry, and its outcome.
pub fn run(listed: Listed, agent: &Agent) -> (Row, Outcome) {
    let program = match listed {
        Listed::Here(program) => program,
        Listed::Absent { name, reason } => return (Row::absent(name, reason), Outcome::Skipped),
    };
    let (name, tls) = (program.name.clone(), program.tls);
    let row = called(program, agent).unwrap_or_else(|error| Row::absent(name, first_line(&error)));
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
    let failed = (program.calls)(&provider)?
        .into_iter()
        .map(client::run)
        .find_map(Result::err);
    let entries = provider.ledger.entries();
    let reports = match program.tls {
        Tls::In(_) | Tls::Without => settled(entries.len(), || agent.calls(&provider)),
        Tls::NotSeen(_) => agent.calls(&provider),
    };
    let tally = Tally::of(&entries, &reports);
    let reason = match program.tls {
        Tls::NotSeen(reason) => Some(reason.to_owned()),
        Tls::In(file) => failed
            .map(|error| first_line(&error))
            .or_else(|| (located_by.is_none()).then(|| format!("nothing like {file} is probed")))
            .or(tally.difference),
        Tls::Without => failed.map(|error| first_line(&error)).or(tally.difference),
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
    let name = command.get_program().to_string_lossy().into_owned();
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
        .find(|line| line.contains("attached") && line.contains(file))?;
    let (_, located_by) = line.split_once(FIELD)?;
    Some(located_by.trim().to_owned())
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
                .map(|error| error.to_string().replace('\n', "; ")),
        }
    }
}

fn first_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    // The last line of what a program says is mostly the one that tells.
    let (first, last) = (lines.clone().next(), lines.next_back());
    match (first, last) {
        (Some(first), Some(last)) if first != last => format!("{first} … {last}"),
        (Some(first), _) => first.to_owned(),
        _ => text,
    }
}
