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

/// Between the budget of a connection that is not judged yet and the cap of an exchange.
const LARGE: &str = "1572864";
/// Beyond the cap of an exchange.
const HUGE: &str = "6291456";

/// Plays the exchanges (bytes of text each way) on one connection; returns what was served and what
/// was reported of each.
fn play(scene: &Scene, exchanges: &[(&str, &str)]) -> Result<Vec<(Entry, Report)>> {
    let before = scene.provider.ledger.entries().len();
    let mut command = client::python("large.py", &scene.provider);
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
    ensure!(
        report.text("gen_ai.request.model") == entry.request_model.as_deref(),
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
fn a_first_request_larger_than_the_head_of_a_connection() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    for first in [LARGE, HUGE] {
        let calls = play(&scene, &[(first, "10"), ("10", "10")])?;
        let [first_call, next] = calls.as_slice() else {
            anyhow::bail!("not two calls")
        };
        cut(first_call)?;
        size(&first_call.1, "llm_tracer.request.body_bytes", first)?;
        // The answer was seen whole.
        ensure!(
            first_call.1.number("gen_ai.usage.output_tokens") == first_call.0.tokens.output,
            "{first_call:?}"
        );
        exact(next)?;
    }
    Ok(())
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
