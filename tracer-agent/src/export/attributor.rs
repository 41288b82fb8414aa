//! To whom a call belongs: what its wire told, and what is known of its process, by the operator's order.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tracer_core::{
    attribution::{AttributionRules, Dimension},
    confidence::Confidence,
    semconv::{OTHER_VALUE, attribute_measurement, attribute_span},
};

use super::{record::Record, spending::Spending};

/// Attributes records, and counts what is spent.
#[derive(Debug)]
pub struct Attributor {
    rules: AttributionRules,
    /// Dimensions that measurements have.
    metrics: Vec<Dimension>,
    /// Values of each of those that are told apart.
    seen: HashMap<Dimension, HashSet<String>>,
    max_values: usize,
    spending: Spending,
}

impl Attributor {
    /// By the operator's rules; measurements get `metrics`, of each at most `max_values` values.
    pub fn new(
        rules: AttributionRules,
        metrics: Vec<Dimension>,
        max_values: usize,
        spending: Spending,
    ) -> Self {
        Self {
            rules,
            metrics,
            seen: HashMap::new(),
            max_values,
            spending,
        }
    }

    /// Adds to a record to whom it belongs.
    pub fn attribute(&mut self, record: &mut Record) {
        let call = record.call.clone();
        let process = Arc::clone(&record.process);
        let mut known = Vec::with_capacity(Dimension::ALL.len());
        for dimension in Dimension::ALL {
            // What is beside calls belongs to its process.
            let facts = call.as_ref().map(|call| call.facts());
            let wire = facts.and_then(|facts| facts.attribution.get(dimension));
            let rank = wire.map_or(u16::MAX, |it| it.rank);
            let of_process = self.rules.of_resource(&process.resource, dimension, rank);
            if let Some((value, source)) = of_process {
                let value = value.into_owned();
                known.push((dimension, value, &**source, Confidence::Observed));
            } else if let Some(wire) = wire.filter(|it| !it.value.is_empty()) {
                known.push((
                    dimension,
                    wire.value.clone(),
                    &*wire.source,
                    wire.confidence,
                ));
            }
        }
        for (dimension, value, source, confidence) in &known {
            let events = record.events.iter_mut();
            let events = events.map(|event| &mut event.attributes);
            for to in [&mut record.span.attributes].into_iter().chain(events) {
                attribute_span(to, *dimension, value, source, *confidence);
            }
        }
        let values: Vec<_> = known
            .into_iter()
            .map(|(dimension, value, ..)| (dimension, value))
            .collect();
        self.measure(&values, record);
        self.spending.count(&values, record);
    }

    fn measure(&mut self, known: &[(Dimension, String)], record: &mut Record) {
        for (dimension, value) in known {
            if !self.metrics.contains(dimension) {
                continue;
            }
            let seen = self.seen.entry(*dimension).or_default();
            let value = if seen.contains(value) {
                value
            } else if seen.len() < self.max_values {
                seen.insert(value.clone());
                value
            } else {
                OTHER_VALUE
            };
            for measurement in &mut record.measurements {
                attribute_measurement(&mut measurement.attributes, *dimension, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::{
        attribution::{Salt, Source},
        money::{Amount, Currency},
        pricing::{Cost, CostSource, KnownCost},
        semconv::Value,
    };

    use super::*;
    use crate::{export::samples, telemetry::Telemetry};

    fn attributor(sources: &[(Dimension, &[&str])], max_values: usize) -> Attributor {
        let sources: Vec<(Dimension, Vec<Source>)> = sources
            .iter()
            .map(|(dimension, all)| {
                (
                    *dimension,
                    all.iter().map(|it| it.parse().unwrap()).collect(),
                )
            })
            .collect();
        let rules = AttributionRules::new(&sources, Salt::new([0; Salt::BYTES]));
        let spending = Spending::new(Vec::new(), &Telemetry::new());
        Attributor::new(rules, vec![Dimension::Team], max_values, spending)
    }

    fn record(team: &str) -> Record {
        let mut record = samples::record(1, samples::chat());
        let mut process = (*record.process).clone();
        process.resource = vec![
            ("service.name".into(), Value::Str("shop".into())),
            (
                "k8s.pod.label.team".into(),
                Value::Str(team.to_owned().into()),
            ),
        ];
        record.process = Arc::new(process);
        record
    }

    fn text(record: &Record, name: &str) -> Option<String> {
        match record.span.attribute(name)? {
            Value::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }

    #[test]
    fn a_process_tells_what_the_wire_does_not() {
        let mut attributor = attributor(
            &[
                (Dimension::App, &["header:x-app", "resource:service.name"]),
                (Dimension::Team, &["resource:k8s.pod.label.team"]),
                (
                    Dimension::Environment,
                    &["resource:deployment.environment.name"],
                ),
            ],
            8,
        );
        let mut record = record("search");
        attributor.attribute(&mut record);
        assert_eq!(
            text(&record, "llm_tracer.app.name").as_deref(),
            Some("shop")
        );
        assert_eq!(
            text(&record, "llm_tracer.app.source").as_deref(),
            Some("resource:service.name")
        );
        assert_eq!(
            text(&record, "llm_tracer.team.confidence").as_deref(),
            Some("observed")
        );
        assert_eq!(text(&record, "llm_tracer.environment.name"), None);
        for measurement in &record.measurements {
            let names: Vec<_> = measurement
                .attributes
                .iter()
                .map(|(name, _)| &**name)
                .collect();
            assert!(names.contains(&"llm_tracer.team.name"), "{names:?}");
            assert!(!names.contains(&"llm_tracer.app.name"), "{names:?}");
        }
    }

    #[test]
    fn values_of_measurements_are_bounded() {
        let mut attributor = attributor(&[(Dimension::Team, &["resource:k8s.pod.label.team"])], 2);
        let mut values = Vec::new();
        for team in ["a", "b", "c", "d", "a"] {
            let mut record = record(team);
            attributor.attribute(&mut record);
            let (_, value) = record.measurements[0]
                .attributes
                .last()
                .expect("an attribute");
            values.push(value.clone());
            assert_eq!(text(&record, "llm_tracer.team.name").as_deref(), Some(team));
        }
        let expected = ["a", "b", "_OTHER", "_OTHER", "a"];
        assert_eq!(values, expected.map(|it| Value::Str(it.into())));
    }

    /// Each of a user, a key and a team that nobody else has.
    #[test]
    fn of_a_million_values_few_are_held_and_none_costs_more_for_the_others() {
        const CALLS: u32 = 1_000_000;
        const WATCHED: usize = 4_096;
        let telemetry = Telemetry::new();
        let budgets = [("keys", "workspace=* 1 USD per day")]
            .map(|(name, text)| (name.to_owned(), text.parse().unwrap()));
        let mut attributor = Attributor::new(
            AttributionRules::default(),
            vec![Dimension::Team, Dimension::User],
            64,
            Spending::new(budgets.into(), &telemetry),
        );
        let mut facts = samples::chat();
        facts.cost = Cost::Known(KnownCost {
            amount: Amount::from_decimal("0.1").unwrap(),
            currency: Currency::USD,
            source: CostSource::Reported,
            confidence: Confidence::Observed,
        });
        let mut record = samples::record(1, facts);
        record.measurements.truncate(1);
        let bare = record.measurements[0].attributes.len();
        let mut others = 0;
        for number in 0..CALLS {
            let known = [Dimension::Team, Dimension::User, Dimension::Workspace]
                .map(|dimension| (dimension, format!("key-{number:016x}")));
            attributor.measure(&known, &mut record);
            attributor.spending.count(&known, &mut record);
            let attributes = &mut record.measurements[0].attributes;
            let other = Value::Str(OTHER_VALUE.into());
            others += attributes
                .drain(bare..)
                .filter(|(_, it)| *it == other)
                .count();
        }
        assert_eq!(others, 2 * (CALLS as usize - 64));
        assert_eq!(attributor.spending.watched(), WATCHED);
        let unwatched = telemetry.budgets.unwatched.get();
        assert_eq!(unwatched, u64::from(CALLS) - WATCHED as u64);
    }
}
