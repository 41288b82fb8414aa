//! A program that is run, and the tree that must come of what it did.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::{
    agent::Launch,
    otlp::Span,
    patience::{settled, until},
    process::Process,
    sink::Sink,
    tree::{expected, tree},
};
use crate::provider::running::Provider;

/// Longest run of the program.
const PATIENCE: Duration = Duration::from_secs(90);

/// Longest time until a program that has TLS built in is probed.
const PROBED: Duration = Duration::from_secs(40);

/// Runs a program against a provider, and compares what is reported of it with the tree that must
/// come of it. Returns the spans. A program with TLS built in is told to the agent before.
///
/// # Errors
/// If it fails, or the trees differ.
pub fn agrees(
    built_in: Option<&Path>,
    command: impl FnOnce(&Provider) -> Result<Command>,
    wanted: &str,
) -> Result<Vec<Span>> {
    let provider = Provider::start("")?;
    let sink = Sink::start(0)?;
    let mut launch = Launch::json()?.otlp(&sink.url(), "http/protobuf");
    if let Some(path) = built_in {
        let path = path.to_string_lossy();
        launch = launch.argument("--library").argument(&path);
    }
    let agent = launch.start()?;
    if let Some(path) = built_in {
        let name = path.to_string_lossy();
        let is_told = |line: &String| line.contains("attached") && line.contains(&*name);
        let said = || agent.process.stderr.all();
        until(PROBED, || said().iter().any(is_told).then_some(()))
            .with_context(|| format!("no probes on {name}\n{}", agent.process.said()))?;
    }
    let mut client = Process::start(&mut command(&provider)?)?;
    let pid = u64::from(client.id());
    client.succeed(PATIENCE)?;
    let wanted = expected(wanted);
    let count = wanted.lines().filter(|line| *line != "trace").count();
    let spans = settled(count, || {
        let mut spans = sink.spans();
        spans.retain(|span: &Span| span.resource.number("process.pid") == Some(pid));
        spans
    });
    let found = tree(&spans);
    ensure!(
        found == wanted,
        "wanted\n{wanted}\nfound\n{found}\n{}\n{}",
        client.said(),
        agent.process.said()
    );
    Ok(spans)
}
