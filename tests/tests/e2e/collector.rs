//! Collectors: a real one over both protocols, and one that goes away and comes back.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use tests::{
    harness::{
        agent::{self, Launch},
        client,
        compare::compare,
        report::Report,
        requirements::{
            Need::{Agent, Python},
            met,
        },
        rotel::Rotel,
        sink::Sink,
    },
    provider::running::Provider,
};

/// Longest wait for exports, with the collector's own batching.
const SETTLE: Duration = Duration::from_secs(20);

/// Bound of resident memory while nothing can be sent.
const RESIDENT: u64 = 60 << 20;

fn reports(sinks: &[&Sink]) -> Vec<Report> {
    sinks
        .iter()
        .flat_map(|sink| sink.spans())
        .map(|span| span.report)
        .collect()
}

/// All fields survive a real collector, and so do the metrics.
fn through_rotel(endpoint: impl Fn(&Rotel) -> &str, protocol: &str) -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let (provider, rotel) = (Provider::start("")?, Rotel::start()?);
    let mut agent = Launch::json()?.otlp(endpoint(&rotel), protocol).start()?;
    client::run(client::python("openai_sync.py", &provider))?;
    let served = provider.ledger.entries();
    agent::settle(served.len(), SETTLE, || rotel.sink.span_count());
    ensure!(
        agent.stop()?.success(),
        "the agent failed\n{}",
        agent.process.said()
    );
    agent::settle(1, SETTLE, || rotel.sink.points().len());
    ensure!(
        rotel.sink.undecodable() == 0,
        "the collector passed on what is no OTLP"
    );
    compare(&served, &reports(&[&rotel.sink]))?;
    let points = rotel.sink.points();
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

/// Two minutes in the long profile, seconds else.
fn absence() -> Duration {
    let long = std::env::var_os("NEXTEST_PROFILE").is_some_and(|profile| profile == "e2e-long");
    Duration::from_secs(if long { 120 } else { 3 })
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
    agent::settle(100, SETTLE, || before.span_count());
    let delivered = reports(&[&before]);
    drop(before);
    load(&provider, 200)?;
    thread::sleep(absence());
    let resident = agent.resident()?;
    ensure!(
        resident < RESIDENT,
        "{resident} bytes resident while the collector is away"
    );
    let after = Sink::start(port)?;
    agent::settle(200, Duration::from_secs(60), || after.span_count());
    let all = [delivered, reports(&[&after])].concat();
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
        .variable("OTEL_BSP_MAX_QUEUE_SIZE", "50")
        .variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
        .start()?;
    load(&provider, 300)?;
    ensure!(
        agent.settled_calls(300, SETTLE).len() == 300,
        "calls are missing on standard output"
    );
    let sink = Sink::start(port)?;
    let counted = || -> Result<u64> {
        let page = agent.page("/metrics")?;
        let of = |name| metric(&page, name);
        Ok(of("llm_tracer_export_dropped_total") + of("llm_tracer_export_failed_total"))
    };
    let limit = Duration::from_secs(60);
    tests::harness::patience::until(limit, || {
        (counted().ok()? + sink.span_count() as u64 >= 300).then_some(())
    });
    thread::sleep(Duration::from_secs(1));
    let (counted, delivered) = (counted()?, sink.span_count() as u64);
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
