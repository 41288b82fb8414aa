//! Bodies larger than what is copied: the call is told all the same, and says what was not seen.

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        client,
        compare::compare,
        patience::settled,
        report::Report,
        requirements::{
            Need::{Agent, Python},
            met,
        },
        scene::Scene,
    },
    provider::ledger::Entry,
};

/// Less than the cap of an exchange.
const LARGE: &str = "1572864";
/// Beyond the cap of an exchange.
const HUGE: &str = "6291456";

/// Plays the exchanges (bytes of text each way) on one connection, behind so many that are no calls;
/// returns what was served and what was reported of each.
fn play_behind(
    others: u32,
    scene: &Scene,
    exchanges: &[(&str, &str)],
) -> Result<Vec<(Entry, Report)>> {
    let before = scene.provider.ledger.entries().len();
    let mut command = client::python("large.py", &scene.provider);
    command.arg(others.to_string());
    for (number, (asked, answered)) in exchanges.iter().enumerate() {
        command.arg(format!("{}:{asked}:{answered}", 100 + number));
    }
    client::run(command)?;
    let entries = scene.provider.ledger.since(before);
    ensure!(
        entries.len() == exchanges.len(),
        "not all calls were served"
    );
    let reports = settled(before + entries.len(), || {
        scene.agent.calls(&scene.provider)
    });
    entries
        .into_iter()
        .map(|entry| {
            let of_entry =
                |report: &&Report| report.text("llm_tracer.request_id") == Some(&entry.request_id);
            let mut found = reports.iter().filter(of_entry);
            let report = found
                .next()
                .with_context(|| format!("missing: {entry:?}\n{}", scene.agent.process.said()))?;
            ensure!(found.next().is_none(), "reported twice: {entry:?}");
            Ok((entry.clone(), report.clone()))
        })
        .collect()
}

fn play(scene: &Scene, exchanges: &[(&str, &str)]) -> Result<Vec<(Entry, Report)>> {
    play_behind(0, scene, exchanges)
}

fn exact((entry, report): &(Entry, Report)) -> Result<()> {
    compare(std::slice::from_ref(entry), std::slice::from_ref(report))
}

/// What is reported of a call that was not seen whole is right.
fn cut((entry, report): &(Entry, Report)) -> Result<()> {
    let state = report.text("llm_tracer.capture_state");
    ensure!(
        matches!(state, Some("gap" | "truncated")),
        "{state:?} of {entry:?}"
    );
    let model = report.text("gen_ai.request.model");
    ensure!(
        model.is_none() || model == entry.request_model.as_deref(),
        "another model: {report:?}"
    );
    ensure!(
        report.number("http.response.status_code") == Some(entry.status.into()),
        "another status: {report:?}"
    );
    let input = report.number("gen_ai.usage.input_tokens");
    ensure!(
        input.is_none() || input == entry.tokens.input,
        "made-up tokens: {report:?}"
    );
    Ok(())
}

fn size(report: &Report, name: &str, least: &str) -> Result<()> {
    let size = report.number(name).unwrap_or_default();
    ensure!(size > least.parse()?, "{name} is {size}: {report:?}");
    Ok(())
}

#[test]
fn a_first_request_that_is_large() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    for call in play(&scene, &[(LARGE, "10"), ("10", "10")])? {
        exact(&call)?;
    }
    let calls = play(&scene, &[(HUGE, "10"), ("10", "10")])?;
    let [first, next] = calls.as_slice() else {
        anyhow::bail!("not two calls")
    };
    cut(first)?;
    size(&first.1, "llm_tracer.request.body_bytes", HUGE)?;
    // The answer was seen whole.
    ensure!(
        first.1.number("gen_ai.usage.output_tokens") == first.0.tokens.output,
        "{first:?}"
    );
    exact(next)
}

/// A pool that carried something else for long.
#[test]
fn calls_after_many_other_exchanges() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    // Its first calls come with a head of this size, or with a short one.
    let exchanges = [("100000", "10"), ("10", "10")];
    play_behind(1, &scene, &exchanges)?
        .iter()
        .try_for_each(exact)?;
    let exchanges = [("1000", "10"), ("100000", "10")];
    play_behind(100, &scene, &exchanges)?
        .iter()
        .try_for_each(exact)
}

#[test]
fn large_bodies_of_a_connection_that_is_known() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let exchanges = [
        ("10", "10"),
        (LARGE, "10"),
        (HUGE, "10"),
        ("10", LARGE),
        ("10", HUGE),
        ("10", "10"),
    ];
    let calls = play(&scene, &exchanges)?;
    let [
        small,
        large_request,
        huge_request,
        large_answer,
        huge_answer,
        last,
    ] = calls.as_slice()
    else {
        anyhow::bail!("not six calls")
    };
    for call in [small, large_request, large_answer, last] {
        exact(call)?;
    }
    cut(huge_request)?;
    size(&huge_request.1, "llm_tracer.request.body_bytes", HUGE)?;
    cut(huge_answer)?;
    size(&huge_answer.1, "llm_tracer.response.body_bytes", HUGE)
}
