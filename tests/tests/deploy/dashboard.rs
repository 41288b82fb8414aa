//! The dashboard against the registries of metrics and attributes.

use std::collections::{HashMap, HashSet};

use promql_parser::{
    label::{Labels, METRIC_NAME},
    parser::{self, AggregateExpr, Expr, LabelModifier, VectorSelector},
};
use serde_json::Value;
use tracer_agent::telemetry::REGISTRY;
use tracer_core::semconv::{Metric, attributes};

use crate::files;

/// Labels that Prometheus adds itself.
const ADDED: [&str; 3] = ["instance", "job", "le"];

/// Names as scraped, each with the labels that its series may have.
fn known() -> HashMap<String, HashSet<String>> {
    let own = REGISTRY.iter().map(|metric| {
        (
            metric.name.to_owned(),
            metric
                .labels
                .iter()
                .map(|label| (*label).to_owned())
                .collect(),
        )
    });
    let attributes: HashSet<String> = attributes::REGISTRY
        .iter()
        .map(|it| it.name.replace('.', "_"))
        .collect();
    let histograms = Metric::ALL.into_iter().flat_map(|metric| {
        // As the OpenTelemetry specification maps names to Prometheus.
        let unit = if metric.unit() == "s" { "_seconds" } else { "" };
        let name = format!("{}{unit}", metric.name().replace('.', "_"));
        ["bucket", "sum", "count"].map(|suffix| (format!("{name}_{suffix}"), attributes.clone()))
    });
    own.chain(histograms).collect()
}

/// Every expression with the title of its panel.
fn expressions() -> Vec<(String, Expr)> {
    let text = files::text(&files::deploy("dashboards/llm-tracer.json"));
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    panels
        .iter()
        .flat_map(|panel| {
            let targets = panel["targets"].as_array().into_iter().flatten();
            targets.map(|target| {
                let title = panel["title"].as_str().unwrap().to_owned();
                let query = target["expr"]
                    .as_str()
                    .unwrap()
                    .replace("$__rate_interval", "5m");
                let parsed =
                    parser::parse(&query).unwrap_or_else(|error| panic!("{title}: {error}"));
                (title, parsed)
            })
        })
        .collect()
}

#[test]
fn every_metric_and_label_exists() {
    let known = known();
    let mut used = HashSet::new();
    for (title, expression) in expressions() {
        let mut allowed = HashSet::new();
        for selector in selectors(&expression) {
            let name = selector.name.as_deref().expect("a metric by name");
            let labels = known
                .get(name)
                .unwrap_or_else(|| panic!("{title}: no metric {name}"));
            for matcher in selector
                .matchers
                .matchers
                .iter()
                .filter(|it| it.name != METRIC_NAME)
            {
                assert!(
                    labels.contains(&matcher.name),
                    "{title}: {name} has no label {}",
                    matcher.name
                );
            }
            used.insert(name.to_owned());
            allowed.extend(labels.iter().cloned());
        }
        for label in grouped_by(&expression) {
            assert!(
                allowed.contains(&label) || ADDED.contains(&label.as_str()),
                "{title}: no label {label}"
            );
        }
    }
    for metric in Metric::ALL {
        let name = metric.name().replace('.', "_");
        assert!(
            used.iter().any(|it| it.starts_with(&name)),
            "{name} is not shown"
        );
    }
}

fn selectors(expression: &Expr) -> Vec<&VectorSelector> {
    match expression {
        Expr::VectorSelector(selector) => vec![selector],
        Expr::MatrixSelector(matrix) => vec![&matrix.vs],
        other => children(other).into_iter().flat_map(selectors).collect(),
    }
}

fn grouped_by(expression: &Expr) -> Vec<String> {
    let own = match expression {
        Expr::Aggregate(AggregateExpr {
            modifier: Some(LabelModifier::Include(Labels { labels })),
            ..
        }) => labels.clone(),
        _ => Vec::new(),
    };
    own.into_iter()
        .chain(children(expression).into_iter().flat_map(grouped_by))
        .collect()
}

fn children(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Aggregate(aggregate) => vec![&aggregate.expr],
        Expr::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        Expr::Paren(paren) => vec![&paren.expr],
        Expr::Unary(unary) => vec![&unary.expr],
        Expr::Subquery(query) => vec![&query.expr],
        Expr::Call(call) => call.args.args.iter().map(AsRef::as_ref).collect(),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => Vec::new(),
    }
}
