//! Spans and metrics as a collector receives them: times, parents, resources, histograms.

use anyhow::{Context as _, Result, ensure};
use tests::harness::{
    client::{self, CLIENT_LIMIT},
    otlp::Point,
    patience::settled,
    process::Process,
    requirements::{
        Need::{Agent, Python},
        met,
    },
    scene::Scene,
};

/// OTLP's number for a client span.
const KIND_CLIENT: i32 = 3;

#[test]
fn a_span_has_the_callers_trace_wire_times_and_the_process_as_resource() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut command = client::python("timed.py", &scene.provider);
    command
        .env("OTEL_SERVICE_NAME", "trip-planner")
        .env("OTEL_RESOURCE_ATTRIBUTES", "team=travel");
    let mut process = Process::start(&mut command)?;
    let pid = process.id();
    process.succeed(CLIENT_LIMIT)?;
    let said = process.stdout.all().join(" ");
    let (begun, ended) = said
        .trim()
        .split_once(' ')
        .context("the client printed no times")?;
    let (begun, ended): (u64, u64) = (begun.parse()?, ended.parse()?);
    scene.check()?;

    let spans = scene.sink.spans_of(&scene.provider);
    let [span] = spans.as_slice() else {
        anyhow::bail!("not one span: {spans:?}")
    };
    ensure!(span.wire.kind == KIND_CLIENT, "kind {}", span.wire.kind);
    ensure!(
        span.wire.name.starts_with("chat gpt-4o-mini"),
        "name {}",
        span.wire.name
    );
    ensure!(
        span.wire.trace_id == 0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes(),
        "not the caller's trace"
    );
    ensure!(
        span.wire.parent_span_id == 0xb7ad6b7169203331_u64.to_be_bytes(),
        "not the caller's span"
    );
    ensure!(
        span.wire.trace_state == "vendor=t61rcWkgMzE,other@tenant=1",
        "not the caller's trace state: {:?}",
        span.wire.trace_state
    );
    let (start, end) = (span.wire.start_time_unix_nano, span.wire.end_time_unix_nano);
    ensure!(
        begun <= start && start < end && end <= ended,
        "{begun} <= {start} < {end} <= {ended} does not hold"
    );
    ensure!(
        end - start > 450_000_000,
        "200 ms of delay and ten pauses of 30 ms took {} ns",
        end - start
    );
    let first = span
        .report
        .fraction("gen_ai.response.time_to_first_chunk")
        .context("no time to first chunk")?;
    ensure!(
        (0.2..0.45).contains(&first),
        "the first chunk came after {first} s, not after 0.2 s of delay"
    );

    let resource = &span.resource;
    ensure!(
        resource.text("service.name") == Some("trip-planner"),
        "{resource:?}"
    );
    ensure!(resource.text("team") == Some("travel"), "{resource:?}");
    ensure!(
        resource.number("process.pid") == Some(pid.into()),
        "{resource:?}"
    );
    ensure!(
        resource.text("process.executable.path").is_some(),
        "{resource:?}"
    );
    Ok(())
}

#[test]
fn metrics_add_up_to_what_was_served() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let mut scene = Scene::start()?;
    client::run(client::python("openai_async.py", &scene.provider))?;
    scene.check()?;
    ensure!(
        scene.agent.stop()?.success(),
        "the agent failed\n{}",
        scene.agent.process.said()
    );
    settled(1, || scene.sink.points_of(&scene.provider));

    let entries = scene.provider.ledger.entries();
    let points = latest(scene.sink.points_of(&scene.provider));
    let total = |name: &str, wanted: &dyn Fn(&Point) -> bool| -> (u64, f64) {
        let points = points
            .iter()
            .filter(|point| point.metric == name && wanted(point));
        points.fold((0, 0.0), |(count, sum), point| {
            (
                count + point.histogram.count,
                sum + point.histogram.sum.unwrap_or_default(),
            )
        })
    };
    let (calls, seconds) = total("gen_ai.client.operation.duration", &|_| true);
    ensure!(
        calls == entries.len() as u64 && seconds > 0.0,
        "{calls} durations of {} calls",
        entries.len()
    );
    for (kind, wanted) in [
        (
            "input",
            entries
                .iter()
                .filter_map(|entry| entry.tokens.input)
                .sum::<u64>(),
        ),
        (
            "output",
            entries
                .iter()
                .filter_map(|entry| entry.tokens.output)
                .sum::<u64>(),
        ),
    ] {
        let of_kind = |point: &Point| point.attributes.text("gen_ai.token.type") == Some(kind);
        let (_, tokens) = total("gen_ai.client.token.usage", &of_kind);
        ensure!(
            (tokens - wanted as f64).abs() < 0.5,
            "{tokens} {kind} tokens, not {wanted}"
        );
    }
    let streams = entries.iter().filter(|entry| entry.stream).count() as u64;
    let (first_chunks, _) = total("gen_ai.client.operation.time_to_first_chunk", &|_| true);
    ensure!(
        first_chunks == streams,
        "{first_chunks} first chunks of {streams} streams"
    );
    Ok(())
}

/// Points are cumulative: the last of each series tells all.
fn latest(points: Vec<Point>) -> Vec<Point> {
    let mut series: Vec<Point> = Vec::new();
    for point in points {
        let same = |old: &&mut Point| {
            old.metric == point.metric
                && old.attributes == point.attributes
                && old.resource == point.resource
        };
        match series.iter_mut().find(same) {
            Some(old) => *old = point,
            None => series.push(point),
        }
    }
    series
}
