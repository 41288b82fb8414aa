//! Collectors: a real one over both protocols, and one that goes away and comes back.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        compare::compare,
        patience::{settled, until},
        requirements::{
            Need::{Agent, Python},
            met,
        },
        rotel::Rotel,
        sink::Sink,
    },
    provider::running::Provider,
};

/// Longest pause of the agent between two attempts to send, with room.
const BACK_OFF: Duration = Duration::from_secs(60);

/// How long it is away at least; `outage.rs` has it away for longer.
const ABSENCE: Duration = Duration::from_secs(3);

/// Bound of resident memory while nothing can be sent.
const RESIDENT: u64 = 60 << 20;

/// All fields survive a real collector, and so do the metrics.
fn through_rotel(endpoint: impl Fn(&Rotel) -> &str, protocol: &str) -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let (provider, rotel) = (Provider::start("")?, Rotel::start()?);
    let mut agent = Launch::json()?.otlp(endpoint(&rotel), protocol).start()?;
    client::run(client::python("openai_sync.py", &provider))?;
    let served = provider.ledger.entries();
    settled(served.len(), || rotel.sink.reports_of(&provider));
    ensure!(
        agent.stop()?.success(),
        "the agent failed\n{}",
        agent.process.said()
    );
    let points = settled(1, || rotel.sink.points_of(&provider));
    ensure!(
        rotel.sink.undecodable() == 0,
        "the collector passed on what is no OTLP"
    );
    compare(&served, &rotel.sink.reports_of(&provider))?;
    let duration = points
        .iter()
        .filter(|point| point.metric == "gen_ai.client.operation.duration");
    ensure!(
        duration.count() > 0,
        "no duration metric came through the collector"
    );
    Ok(())
}

#[test]
fn rotel_over_grpc() -> Result<()> {
    through_rotel(|rotel| &rotel.grpc, "grpc")
}

#[test]
fn rotel_over_http() -> Result<()> {
    through_rotel(|rotel| &rotel.http, "http/protobuf")
}

/// Runs `calls` streamed calls.
fn load(provider: &Provider, calls: usize) -> Result<()> {
    let mut command = client::python("openai_load.py", provider);
    command.args([&calls.to_string(), "20", "3"]);
    client::run(command)
}

#[test]
fn calls_made_while_the_collector_is_away_are_delivered_after_its_return() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let (provider, before) = (Provider::start("")?, Sink::start(0)?);
    let port = before.address.port();
    let agent = Launch::json()?
        .otlp(&before.url(), "http/protobuf")
        .start()?;
    load(&provider, 100)?;
    let delivered = settled(100, || before.reports_of(&provider));
    drop(before);
    load(&provider, 200)?;
    thread::sleep(ABSENCE);
    let resident = agent.resident()?;
    ensure!(
        resident < RESIDENT,
        "{resident} bytes resident while the collector is away"
    );
    let after = Sink::start(port)?;
    until(BACK_OFF, || {
        (!after.reports_of(&provider).is_empty()).then_some(())
    });
    let all = [delivered, settled(200, || after.reports_of(&provider))].concat();
    compare(&provider.ledger.entries(), &all).map_err(|error| error.context(agent.process.said()))
}

#[test]
fn beyond_the_bound_calls_are_counted() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let port = tests::harness::rotel::free_port()?;
    let launch = Launch::json()?.otlp(&format!("http://127.0.0.1:{port}"), "http/protobuf");
    let agent = launch
        // The bound would count calls of other processes as well.
        .argument("--include")
        .argument("name:python*")
        .variable("OTEL_BSP_MAX_QUEUE_SIZE", "50")
        .variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
        .start()?;
    load(&provider, 300)?;
    ensure!(
        settled(300, || agent.calls(&provider)).len() == 300,
        "calls are missing on standard output"
    );
    let sink = Sink::start(port)?;
    let counted = || -> Result<u64> {
        let page = agent.page("/metrics")?;
        let of = |name| metric(&page, name);
        Ok(of("llm_tracer_export_dropped_total") + of("llm_tracer_export_failed_total"))
    };
    let delivered = || sink.reports_of(&provider).len() as u64;
    until(BACK_OFF, || {
        (counted().ok()? + delivered() >= 300).then_some(())
    });
    thread::sleep(Duration::from_secs(1));
    let (counted, delivered) = (counted()?, delivered());
    ensure!(
        counted > 0 && delivered > 0,
        "{delivered} delivered, {counted} counted as lost"
    );
    ensure!(
        delivered + counted == 300,
        "{delivered} delivered and {counted} counted as lost are not 300"
    );
    Ok(())
}

/// Value of a counter for spans by OTLP, from a Prometheus page.
fn metric(page: &str, name: &str) -> u64 {
    let of_spans = |line: &&str| {
        line.starts_with(name) && line.contains(r#"output="otlp""#) && line.contains("traces")
    };
    let values = page
        .lines()
        .filter(of_spans)
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    values.sum()
}
