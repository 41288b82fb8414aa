//! The collector is away while calls go on: bounded memory, calls kept up to the bound, counted
//! beyond it, delivered after its return.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        client,
        compare::compare,
        patience::{settled, until},
        process::Process,
        report::Report,
        requirements::{
            Need::{self, Python},
            met,
        },
        sink::Sink,
    },
    provider::{ledger::Entry, running::Provider},
};

/// Bytes of calls that may wait: reached within seconds.
const QUEUE: u64 = 256 << 10;
/// Bound of resident memory while nothing can be sent.
const RESIDENT: u64 = 60 << 20;
/// Longest pause of the agent between two attempts to send, with room.
const BACK_OFF: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(20);

/// Two minutes in the long profile.
fn absence() -> Duration {
    let long = std::env::var_os("NEXTEST_PROFILE").is_some_and(|profile| profile == "e2e-long");
    Duration::from_secs(if long { 120 } else { 12 })
}

#[test]
fn an_outage_under_load_keeps_what_fits_and_counts_the_rest() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let (provider, before) = (Provider::start("")?, Sink::start(0)?);
    let port = before.address.port();
    let agent = Launch::json()?
        .otlp(&before.url(), "http/protobuf")
        // The bound would count calls of other processes as well.
        .argument("--include")
        .argument("name:python*")
        .variable("LLM_TRACER_QUEUE_SIZE", &QUEUE.to_string())
        .start()?;
    let mut command = client::python("steady.py", &provider);
    let mut load = Process::start(command.args(["4", "-delay-30"]))?;
    until(SOON, || {
        (before.reports_of(&provider).len() > 20).then_some(())
    })
    .with_context(|| format!("nothing is delivered\n{}", agent.process.said()))?;
    let delivered = before.reports_of(&provider);
    drop(before);

    let served = provider.ledger.served();
    let waiting = wait_bounded(&agent)?;
    ensure!(
        provider.ledger.served() > served + 100,
        "there was no load while the collector was away"
    );
    ensure!(
        waiting > QUEUE / 2 && dropped(&agent)? > 0,
        "the bound was not reached: {waiting} bytes waited"
    );

    let after = Sink::start(port)?;
    until(BACK_OFF, || {
        (!after.reports_of(&provider).is_empty()).then_some(())
    })
    .with_context(|| format!("nothing is delivered any more\n{}", agent.process.said()))?;
    load.succeed(SOON)?;

    let entries = provider.ledger.entries();
    let lines = settled(entries.len(), || agent.calls(&provider));
    compare(&entries, &lines).context("JSON lines")?;
    let all = until(SOON, || {
        let all = distinct([&delivered[..], &after.reports_of(&provider)].concat());
        (all.len() as u64 + dropped(&agent).ok()? >= entries.len() as u64).then_some(all)
    })
    .with_context(|| {
        format!(
            "calls are neither delivered nor counted\n{}",
            agent.process.said()
        )
    })?;
    let dropped = dropped(&agent)?;
    ensure!(
        all.len() as u64 + dropped == entries.len() as u64,
        "{} delivered and {dropped} counted as dropped are not {}",
        all.len(),
        entries.len()
    );
    let reported: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| all.iter().any(|report| is_of(report, entry)))
        .collect();
    compare(&reported, &all).context("exported spans")
}

/// Waits as long as the collector is away, looking at the agent; returns the most bytes that waited.
fn wait_bounded(agent: &Agent) -> Result<u64> {
    let end = Instant::now() + absence();
    let mut waiting = 0;
    while Instant::now() < end {
        let resident = agent.resident()?;
        ensure!(
            resident < RESIDENT,
            "{resident} bytes resident while the collector is away"
        );
        let page = agent.page("/metrics")?;
        let queued = metric(&page, "llm_tracer_export_queued_bytes");
        ensure!(queued <= QUEUE, "{queued} bytes wait, more than {QUEUE}");
        waiting = waiting.max(queued);
        thread::sleep(Duration::from_millis(500));
    }
    Ok(waiting)
}

/// A request that was cut off when the collector went was perhaps taken, and is sent again.
fn distinct(reports: Vec<Report>) -> Vec<Report> {
    let id = |report: &Report| report.text("llm_tracer.request_id").map(str::to_owned);
    let by_id: HashMap<_, _> = reports
        .into_iter()
        .map(|report| (id(&report), report))
        .collect();
    by_id.into_values().collect()
}

fn is_of(report: &Report, entry: &Entry) -> bool {
    report.text("llm_tracer.request_id") == Some(&entry.request_id)
}

fn dropped(agent: &Agent) -> Result<u64> {
    let page = agent.page("/metrics")?;
    Ok(metric(&page, "llm_tracer_export_dropped_total")
        + metric(&page, "llm_tracer_export_failed_total"))
}

/// Value for spans by OTLP, from a Prometheus page.
fn metric(page: &str, name: &str) -> u64 {
    let of_spans = |line: &&str| {
        line.starts_with(name) && line.contains(r#"output="otlp""#) && line.contains("traces")
    };
    page.lines()
        .filter(of_spans)
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}
