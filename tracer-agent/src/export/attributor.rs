//! To whom a call belongs: what its wire told, and what is known of its process, by the operator's order.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tracer_core::{
    attribution::{AttributionRules, Dimension},
    confidence::Confidence,
    semconv::{OTHER_VALUE, Value, attribute_measurement, attribute_span},
};

use super::{record::Record, spending::Spending};
use crate::host::process::ProcessInfo;

/// Longest value that is taken of a resource, in bytes.
const VALUE_BYTES: usize = 256;

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
            if let Some((value, source)) = self.of_process(&process, dimension, rank) {
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

    /// What the process tells of a dimension, by a source before this rank.
    fn of_process(
        &self,
        process: &ProcessInfo,
        dimension: Dimension,
        before: u16,
    ) -> Option<(String, &Arc<str>)> {
        let sources = self.rules.resources();
        let sources = sources.filter(|(of, rank, ..)| *of == dimension && *rank < before);
        sources.into_iter().find_map(|(_, _, name, label)| {
            let (_, value) = process.resource.iter().find(|(known, _)| known == name)?;
            let value = match value {
                Value::Str(text) => text
                    .get(..text.floor_char_boundary(VALUE_BYTES))?
                    .to_owned(),
                Value::Int(number) => number.to_string(),
                _ => return None,
            };
            (!value.is_empty()).then_some((value, label))
        })
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
    use tracer_core::attribution::{Salt, Source};

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
}
