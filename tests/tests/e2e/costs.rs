//! What calls cost and whose they are, on spans and metrics as a collector receives them, against the
//! provider's ledger.

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        otlp::Point,
        patience::{settled, until},
        report::Report,
        requirements::{
            Need::{Agent, Program},
            met,
        },
        scene::Scene,
    },
    provider::{ledger::Entry, running::Provider},
};

/// Prices of the operator, in dollars for a million tokens: 2 for input, 8 for output.
const PRICES: &str = "[[price]]\nmodel = \"house-model*\"\ninput = 2\noutput = 8\n";
const METRIC: &str = "llm_tracer.client.operation.cost";
const BELOW: f64 = 1e-9;

/// What a call costs by the ledger, in millionths of a dollar.
fn by_ledger(entry: &Entry) -> Option<u64> {
    let model = entry.request_model.as_deref()?;
    let mut words = model.split('-');
    if words.any(|word| word == "cost") {
        return words.next()?.parse().ok();
    }
    let priced = model.starts_with("house-model");
    priced.then_some(entry.tokens.input? * 2 + entry.tokens.output? * 8)
}

fn dollars(millionths: u64) -> f64 {
    millionths as f64 / 1e6
}

#[test]
fn costs_agree_with_the_ledger_and_are_attributed() -> Result<()> {
    if !met(&[Agent, Program("curl")]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let prices = folder.path().join("prices.toml");
    fs::write(&prices, PRICES)?;
    let launch = Launch::json()?
        .variable("LLM_TRACER_COST_PRICES", &prices.display().to_string())
        .variable("LLM_TRACER_ATTRIBUTION_TEAM", "header:x-team")
        .variable("LLM_TRACER_ATTRIBUTION_USER", "body:user")
        .variable("LLM_TRACER_ATTRIBUTION_METRICS", "team")
        .variable(
            "LLM_TRACER_BUDGETS",
            "search=team=search 0.003 USD per month",
        );
    let scene = Scene::with(Provider::start("")?, launch)?;
    client::run(client::shell("costs.sh", &scene.provider))?;

    let entries = scene.provider.ledger.entries();
    let reports = settled(entries.len(), || scene.sink.reports_of(&scene.provider));
    ensure!(reports.len() == entries.len(), "{reports:#?}");
    let mut by_team: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in &entries {
        let report = of(&reports, entry)?;
        let cost = report.fraction("llm_tracer.cost.amount");
        let team = report.text("llm_tracer.team.name").context("a team")?;
        match by_ledger(entry) {
            Some(millionths) => {
                let difference = cost.context("a cost")? - dollars(millionths);
                ensure!(difference.abs() < BELOW, "{report:?}");
                *by_team.entry(team).or_default() += millionths;
            }
            None => {
                ensure!(cost.is_none(), "{report:?}");
                ensure!(report.text("llm_tracer.cost.unknown") == Some("provider"));
            }
        }
        ensure!(
            report.text("llm_tracer.user.id") == Some("jane"),
            "{report:?}"
        );
        let workspace = report.text("llm_tracer.workspace.name");
        ensure!(
            workspace.is_some_and(|it| it.starts_with("key-")),
            "{report:?}"
        );
    }
    ensure!(by_team.len() == 2, "{by_team:?}");

    let exceeded = reports
        .iter()
        .filter(|report| report.texts("llm_tracer.budget.exceeded") == ["search"]);
    ensure!(exceeded.count() == 1, "once in a period");
    let measured = until(std::time::Duration::from_secs(10), || {
        let points = scene.sink.points_of(&scene.provider);
        by_team
            .iter()
            .all(|(team, millionths)| (sum(&points, team) - dollars(*millionths)).abs() < BELOW)
            .then_some(())
    });
    ensure!(
        measured.is_some(),
        "{:#?}",
        scene.sink.points_of(&scene.provider)
    );
    Ok(())
}

fn of<'r>(reports: &'r [Report], entry: &Entry) -> Result<&'r Report> {
    let id = Some(entry.request_id.as_str());
    let mut found = reports.iter();
    let found = found.find(|report| report.text("llm_tracer.request_id") == id);
    found.with_context(|| format!("missing: {entry:?}"))
}

/// The last figures of a team: points are cumulative.
fn sum(points: &[Point], team: &str) -> f64 {
    let mut last: BTreeMap<String, f64> = BTreeMap::new();
    for point in points.iter().filter(|point| point.metric == METRIC) {
        if point.attributes.text("llm_tracer.team.name") == Some(team) {
            let series = format!("{:?} {:?}", point.attributes, point.resource);
            last.insert(series, point.histogram.sum.unwrap_or(f64::NAN));
        }
    }
    last.values().sum()
}
