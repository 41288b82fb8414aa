//! Providers that fail: every attempt is told with its reason, and what was served is counted once,
//! to the token and the billionth of a dollar.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        otlp::Span,
        patience::settled,
        process::Process,
        requirements::{
            Need::{Agent, Agents, Python},
            agents_python_path, met,
        },
        scene::Scene,
    },
    provider::{ledger::Entry, running::Provider},
};

/// Prices of the operator, in dollars for a million tokens: 2 for input, 8 for output.
const PRICES: &str = r#"
[[price]]
model = "storm-*"
input = 2
output = 8
[[price]]
model = "claude-second*"
input = 2
output = 8
"#;
const BELOW: f64 = 1e-9;

fn scene(folder: &Path) -> Result<Scene> {
    let prices = folder.join("prices.toml");
    fs::write(&prices, PRICES)?;
    let launch = Launch::json()?.variable("LLM_TRACER_COST_PRICES", &prices.display().to_string());
    Scene::with(Provider::start("")?, launch)
}

/// All spans of a process, once there are so many.
fn spans_of(scene: &Scene, pid: u32, count: usize) -> Vec<Span> {
    settled(count, || {
        let mut spans = scene.sink.spans();
        spans.retain(|span| span.resource.number("process.pid") == Some(pid.into()));
        spans
    })
}

/// Asserts that all spans together have the tokens of the ledger, and what they cost.
fn totals(spans: &[Span], entries: &[Entry]) -> Result<()> {
    let told = |name: &str| -> u64 {
        let told = spans.iter().filter_map(|span| span.report.number(name));
        told.sum()
    };
    let served = |of: fn(&Entry) -> Option<u64>| entries.iter().filter_map(of).sum::<u64>();
    let (input, output) = (served(|it| it.tokens.input), served(|it| it.tokens.output));
    for (name, served) in [
        ("gen_ai.usage.input_tokens", input),
        ("gen_ai.usage.output_tokens", output),
        (
            "gen_ai.usage.cache_read.input_tokens",
            served(|it| it.tokens.cache_read),
        ),
        (
            "gen_ai.usage.cache_creation.input_tokens",
            served(|it| it.tokens.cache_creation),
        ),
        (
            "gen_ai.usage.reasoning.output_tokens",
            served(|it| it.tokens.reasoning),
        ),
    ] {
        ensure!(told(name) == served, "{name}: {}, not {served}", told(name));
    }
    let cost = spans
        .iter()
        .filter_map(|span| span.report.fraction("llm_tracer.cost.amount"));
    let (cost, wanted): (f64, f64) = (cost.sum(), (input * 2 + output * 8) as f64 / 1e6);
    ensure!((cost - wanted).abs() < BELOW, "{cost}, not {wanted}");
    Ok(())
}

/// The span of an exchange.
fn span_of<'s>(spans: &'s [Span], entry: &Entry) -> Result<&'s Span> {
    let is_of =
        |span: &&Span| span.report.text("llm_tracer.request_id") == Some(entry.request_id.as_str());
    let mut found = spans.iter().filter(is_of);
    let span = found.next();
    ensure!(found.next().is_none(), "told twice: {entry:?}");
    span.with_context(|| format!("missing: {entry:?}"))
}

/// One of the words that are right for what went wrong with an exchange.
fn is_error_of(word: Option<&str>, entry: &Entry) -> bool {
    match word {
        Some(word) => entry.error_types.iter().any(|it| it == word),
        None => entry.error_types.is_empty(),
    }
}

/// Asserts that exchanges are the attempts at one call, in this order.
fn attempts(spans: &[Span], entries: &[&Entry], kinds: &[(&str, &str)]) -> Result<()> {
    let mut parents = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let span = span_of(spans, entry)?;
        let (report, before) = (&span.report, index.checked_sub(1));
        ensure!(
            is_error_of(report.text("error.type"), entry)
                && report.number("http.response.status_code") == Some(entry.status.into()),
            "{span:#?}\n{entry:?}"
        );
        let reason = report.text("llm_tracer.attempt.reason");
        let is_right = match before.and_then(|before| entries.get(before)) {
            Some(before) => reason.is_some() && is_error_of(reason, before),
            None => reason.is_none(),
        };
        ensure!(is_right, "reason {reason:?}: {entries:#?}");
        let number = report.number("llm_tracer.attempt.number");
        ensure!(number == Some(index as u64 + 1), "{span:#?}");
        let kind = report.text("llm_tracer.attempt.kind").unwrap_or_default();
        let source = report.text("llm_tracer.attempt.source").unwrap_or_default();
        let wanted = kinds.get(index.min(kinds.len() - 1));
        ensure!(wanted == Some(&(kind, source)), "{span:#?}");
        parents.push(&span.wire.parent_span_id);
    }
    parents.dedup();
    let [parent] = parents.as_slice() else {
        anyhow::bail!("{} parents of {entries:#?}", parents.len());
    };
    let parent = spans.iter().find(|it| &&it.wire.span_id == parent);
    let parent = parent.with_context(|| format!("no parent of {entries:#?}"))?;
    ensure!(
        parent.report.number("llm_tracer.attempt.count") == Some(entries.len() as u64),
        "{parent:#?}"
    );
    let last = entries.last().context("no attempt")?;
    let error = parent.report.text("error.type");
    ensure!(is_error_of(error, last), "{parent:#?}");
    Ok(())
}

#[test]
fn a_storm_of_retries_is_told_attempt_by_attempt() -> Result<()> {
    const CALLS: usize = 300;
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let scene = scene(folder.path())?;
    let mut command = client::python("storm.py", &scene.provider);
    command.args([&CALLS.to_string(), "40", "4"]);
    let mut client = Process::start(&mut command)?;
    let pid = client.id();
    client.succeed(client::CLIENT_LIMIT)?;

    let entries = scene.provider.ledger.entries();
    let mut calls: BTreeMap<u64, Vec<&Entry>> = BTreeMap::new();
    for entry in &entries {
        calls.entry(entry.n).or_default().push(entry);
    }
    let again = calls.values().filter(|entries| entries.len() > 1).count();
    // Of five calls one succeeds at once; the others take 2, 4, 3 and, given up, 5 attempts.
    ensure!(
        calls.len() == CALLS && again == CALLS / 5 * 4 && entries.len() == CALLS / 5 * 15,
        "{} calls, {again} tried again, {} attempts",
        calls.len(),
        entries.len()
    );
    let spans = spans_of(&scene, pid, entries.len() + again);
    ensure!(
        spans.len() == entries.len() + again,
        "{} spans of {} attempts and {again} calls\n{}",
        spans.len(),
        entries.len(),
        scene.agent.process.said()
    );
    totals(&spans, &entries)?;
    for mut entries in calls.into_values() {
        entries.sort_by_key(|entry| entry.sequence);
        if let [entry] = entries.as_slice() {
            let span = span_of(&spans, entry)?;
            ensure!(span.wire.parent_span_id.is_empty(), "{span:#?}");
        } else {
            let kinds = [("first", "status"), ("retry", "retry_count")];
            attempts(&spans, &entries, &kinds)?;
        }
    }
    Ok(())
}

#[test]
fn an_outage_is_told_with_what_took_over() -> Result<()> {
    const CALLS: usize = 120;
    if !met(&[Agent, Agents]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let scene = scene(folder.path())?;
    let second = Provider::start("")?;
    let script = "agents/with_fallback.py";
    let mut command = client::python_by(&agents_python_path(), script, &scene.provider);
    command
        .args([&CALLS.to_string(), "20"])
        .env("LANGSMITH_TRACING", "false")
        // Without TLS: the client trusts one authority, and this is the other's.
        .env("FALLBACK", second.plain_url());
    let mut client = Process::start(&mut command)?;
    let pid = client.id();
    client.succeed(client::CLIENT_LIMIT)?;

    let mut calls: BTreeMap<u64, Vec<&Entry>> = BTreeMap::new();
    let (failed, served) = (scene.provider.ledger.entries(), second.ledger.entries());
    for entry in failed.iter().chain(&served) {
        calls.entry(entry.n).or_default().push(entry);
    }
    ensure!(
        calls.len() == CALLS && failed.len() == 2 * CALLS && served.len() == CALLS,
        "{} calls, {} failed, {} served",
        calls.len(),
        failed.len(),
        served.len()
    );
    let spans = spans_of(&scene, pid, 4 * CALLS);
    ensure!(spans.len() == 4 * CALLS, "{} spans", spans.len());
    totals(&spans, &served)?;
    for entries in calls.into_values() {
        let kinds = [
            ("first", "status"),
            ("retry", "retry_count"),
            ("fallback", "messages"),
        ];
        attempts(&spans, &entries, &kinds)?;
    }
    Ok(())
}
