//! The report: a table for people, a JSON file for machines.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{
    figures::{Figure, Target, median},
    load::{Load, Sample},
    round::Round,
    runtimes::Cost,
    tracer::Tracing,
};

/// The figures against their targets.
pub fn figures(figures: &[Figure]) -> String {
    let mut text = String::new();
    for Figure {
        name,
        meaning,
        value,
        target,
        ..
    } in figures
    {
        let value = value.map_or_else(|| "-".to_owned(), shown);
        let target = match target {
            Target::AtLeast(least) => format!(">= {}", shown(*least)),
            Target::AtMost(most) => format!("<= {}", shown(*most)),
            Target::Exactly(exactly) => format!("== {}", shown(*exactly)),
            Target::Told => String::new(),
        };
        let verdict = verdict(figures, name);
        let _ = writeln!(
            text,
            "{name:<22}{value:>12}  {target:<10}{verdict:<6}{meaning}"
        );
    }
    text
}

/// What the client saw, load by load.
pub fn loads(rounds: &[Round]) -> String {
    let mut text = format!(
        "{:<12}{:>36}{:>36}\n",
        "", "exchanges/s", "client CPU us per exchange"
    );
    let heads = ["untraced", "bare", "agent"]
        .map(|head| format!("{head:>12}"))
        .concat();
    let _ = writeln!(text, "{:<12}{heads}{heads}", "");
    for load in Load::ALL {
        let row = |figure: fn(&Sample) -> f64| {
            Tracing::ALL
                .map(|tracing| {
                    format!(
                        "{:>12}",
                        middle(rounds, load, tracing, figure).map_or_else(|| "-".to_owned(), shown)
                    )
                })
                .concat()
        };
        let _ = writeln!(
            text,
            "{:<12}{}{}",
            load.name,
            row(Sample::rate),
            row(Sample::cpu_us)
        );
    }
    text
}

/// What tracing costs each runtime.
pub fn runtimes(costs: &[Cost]) -> String {
    let mut text = format!(
        "{:<30}{:>12}{:>12}{:>12}{:>12}{:>12}\n",
        "", "untraced us", "+ bare us", "+ agent us", "ratio", "to bare"
    );
    for cost in costs {
        let figures = [
            cost.untraced_us,
            cost.bare_added_us,
            cost.agent_added_us,
            cost.ratio,
            cost.ratio_to_bare,
        ];
        let cells = figures.map(|figure| format!("{:>12}", shown(figure)));
        let _ = writeln!(text, "{:<30}{}", cost.runtime, cells.concat());
    }
    text
}

/// Everything, with the figures under their names at the top level.
pub fn json(figures: &[Figure], rounds: &[Round], costs: &[Cost]) -> Value {
    let mut top: Map<String, Value> = figures
        .iter()
        .map(|figure| (figure.name.to_owned(), json!(figure.value)))
        .collect();
    let missed: Vec<_> = figures
        .iter()
        .filter(|figure| figure.passes() == Some(false))
        .map(|figure| figure.name)
        .collect();
    top.insert("missed".to_owned(), json!(missed));
    top.insert("runtimes".to_owned(), json!(costs));
    top.insert("rounds".to_owned(), rounds.iter().map(round).collect());
    Value::Object(top)
}

fn round(round: &Round) -> Value {
    let samples: Vec<_> = round
        .samples
        .iter()
        .map(|((load, tracing), sample)| json!({"load": load, "tracing": format!("{tracing:?}").to_lowercase(), "client": sample}))
        .collect();
    let bystanders: Map<String, Value> = round
        .rates
        .iter()
        .map(|(tracing, rates)| (format!("{tracing:?}").to_lowercase(), json!(rates)))
        .collect();
    json!({"samples": samples, "agent": round.accounts, "bystanders": bystanders})
}

fn middle(
    rounds: &[Round],
    load: Load,
    tracing: Tracing,
    figure: fn(&Sample) -> f64,
) -> Option<f64> {
    median(
        rounds
            .iter()
            .filter_map(|round| round.samples.get(&(load.name, tracing)))
            .map(figure),
    )
}

fn verdict(figures: &[Figure], name: &str) -> &'static str {
    match figures
        .iter()
        .find(|figure| figure.name == name)
        .and_then(Figure::passes)
    {
        Some(true) => "pass",
        Some(false) => "MISS",
        None => "",
    }
}

/// Four significant digits, but never so few that a miss looks like a hit.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 2.0 => format!("{value:.2}"),
        _ => format!("{value:.6}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
    }
}
