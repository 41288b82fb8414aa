//! One connection of HTTP/2 with many calls: at once, given up half-way, and from before the agent.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        patience::settled,
        process::Process,
        report::Report,
        requirements::{
            Need::{self, Python},
            met,
        },
        scene::Scene,
    },
    provider::{ledger::Entry, running::Provider},
};

const SOON: Duration = Duration::from_secs(10);

/// Lets the driver make call `n` and waits for the answer.
fn call(driver: &mut Process, n: u64) -> Result<()> {
    driver.say(&n.to_string())?;
    let answered = format!("answered {n} ");
    driver
        .wait_line(0, |line| line.starts_with(&answered), SOON)
        .map(drop)
}

/// Streams and plain answers interleaved, some of them reset by the client.
#[test]
fn calls_at_once_and_given_up() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    client::run(client::python("http2.py", &scene.provider))?;
    let served = scene.provider.ledger.entries();
    let count = |is: fn(&Entry) -> bool| served.iter().filter(|entry| is(entry)).count();
    let port = served.first().context("nothing was served")?.client_port;
    ensure!(
        served.iter().all(|entry| entry.client_port == port),
        "more than one connection"
    );
    ensure!(count(|entry| entry.http_version == "2") == 61, "{served:?}");
    ensure!(count(|entry| !entry.complete) == 10, "{served:?}");
    scene.check()
}

/// What its headers refer to was said before the agent came, and the spans say so.
#[test]
fn a_connection_older_than_the_agent() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let mut driver = Process::start(&mut client::python("http2_driver.py", &provider))?;
    call(&mut driver, 1)?;
    call(&mut driver, 2)?;
    let agent = Launch::json()?.start()?;
    for n in 3..=6 {
        call(&mut driver, n)?;
    }
    let served = provider.ledger.since(2);
    let of_entry = |report: &Report, entry: &Entry| {
        let id = report.text("gen_ai.response.id");
        id.is_some() && id == entry.response_id.as_deref()
    };
    let reports = settled(served.len(), || {
        let mut reports = agent.calls(&provider);
        reports.retain(|report| {
            let all = provider.ledger.entries();
            all.iter().any(|entry| of_entry(report, entry))
        });
        reports
    });
    ensure!(
        reports.len() == served.len(),
        "{} calls served, reported: {reports:#?}\n{}",
        served.len(),
        agent.process.said()
    );
    for entry in &served {
        let report = reports.iter().find(|report| of_entry(report, entry));
        degraded(
            entry,
            report.with_context(|| format!("missing: {entry:?}"))?,
        )?;
    }
    Ok(())
}

/// What the bodies tell is all there, and that some of the headers is not.
fn degraded(entry: &Entry, report: &Report) -> Result<()> {
    for (name, wanted) in [
        ("gen_ai.operation.name", Some(&*entry.operation)),
        ("gen_ai.request.model", entry.request_model.as_deref()),
        ("gen_ai.response.model", entry.response_model.as_deref()),
        ("network.protocol.version", Some("2")),
        ("llm_tracer.capture_state", Some("headers")),
    ] {
        ensure!(report.text(name) == wanted, "{name} of {report:?}");
    }
    for (name, wanted) in [
        ("gen_ai.usage.input_tokens", entry.tokens.input),
        ("gen_ai.usage.output_tokens", entry.tokens.output),
        ("http.response.status_code", Some(200)),
    ] {
        ensure!(report.number(name) == wanted, "{name} of {report:?}");
    }
    Ok(())
}
