//! Processes that are gone when their calls are read: who they were is told all the same.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        client,
        otlp::Span,
        process::Process,
        requirements::{
            Need::{self, Program, Python},
            met,
        },
        scene::Scene,
    },
    provider::ledger::Entry,
};

/// Processes, each of one call.
const CALLS: usize = 40;
const LIMIT: Duration = Duration::from_secs(60);

/// The spans of the calls, with what the provider served.
fn spans(scene: &Scene) -> Result<Vec<(Entry, Span)>> {
    scene.check()?;
    let entries = scene.provider.ledger.entries();
    ensure!(entries.len() == CALLS, "not all calls were served");
    let spans = scene.sink.spans_of(&scene.provider);
    let of = |entry: &Entry| {
        let is_its = |span: &&Span| {
            span.report.text("llm_tracer.request_id") == Some(entry.request_id.as_str())
        };
        let span = spans.iter().find(is_its).cloned();
        span.with_context(|| format!("call {} was not reported", entry.n))
    };
    entries
        .iter()
        .map(|entry| Ok((entry.clone(), of(entry)?)))
        .collect()
}

/// Children of a server that forks, each there for the time of one exchange on a connection that its
/// parent has made.
#[test]
fn children_that_live_for_a_call() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut command = client::python("fork.py", &scene.provider);
    command.arg(CALLS.to_string());
    let mut server = Process::start(&mut command)?;
    server.succeed(LIMIT)?;
    let spans = spans(&scene)?;
    let children: BTreeSet<String> = server
        .stdout
        .all()
        .iter()
        .filter_map(|line| Some(line.strip_prefix("child ")?.to_owned()))
        .collect();
    for (entry, span) in &spans {
        let text = |name| span.resource.text(name);
        let pid = span.resource.number("process.pid").map(|it| it.to_string());
        let known = text("service.name") == Some("fork")
            && text("process.executable.path").is_some_and(|it| it.contains("python"))
            && text("process.runtime.name") == Some("cpython")
            && span.resource.number("process.parent_pid") == Some(server.id().into())
            && pid.is_some_and(|pid| children.contains(&pid));
        ensure!(known, "call {}: {:?}", entry.n, span.resource);
    }
    Ok(())
}

/// A shell that runs a program for each call.
#[test]
fn programs_that_a_shell_runs() -> Result<()> {
    if !met(&[Need::Agent, Program("curl"), Program("sh")]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut command = client::shell("many_curls.sh", &scene.provider);
    command.arg(CALLS.to_string());
    Process::start(&mut command)?.succeed(LIMIT)?;
    for (entry, span) in spans(&scene)? {
        let path = span.resource.text("process.executable.path");
        let known = span.resource.text("service.name") == Some("curl")
            && path.is_some_and(|path| path.ends_with("/curl"));
        ensure!(known, "call {}: {:?}", entry.n, span.resource);
    }
    Ok(())
}
