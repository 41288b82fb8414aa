//! `attributes.md`: every attribute of spans, measurements and resources.

use tracer_core::semconv::{
    Metric,
    attributes::{Attribute, HTTP_REQUEST_HEADER, Kind, Level, REGISTRY},
    resource,
};

use super::table::{GENERATED, code, table};
use crate::export::jsonl;

pub(super) fn page() -> String {
    let (own, standard): (Vec<&Attribute>, Vec<&Attribute>) =
        REGISTRY.iter().partition(|it| it.level == Level::Own);
    let metrics = Metric::ALL.into_iter().map(|metric| {
        let attributes: Vec<String> = metric.attributes().map(code).collect();
        let buckets: Vec<String> = metric.buckets().iter().map(f64::to_string).collect();
        [
            code(metric.name()),
            code(metric.unit()),
            metric.description().to_owned(),
            attributes.join(", "),
            buckets.join(", "),
        ]
    });
    let header = [
        code(&format!("{HTTP_REQUEST_HEADER}<name>")),
        kind(Kind::StringList).to_owned(),
        "where asked for".to_owned(),
        "Value of a request header that the key `privacy.keep_headers` names, in lower case."
            .to_owned(),
    ];
    let fields = jsonl::FIELDS
        .iter()
        .map(|(name, meaning)| [code(name), format!("{}.", capital(meaning))]);
    format!(
        "{GENERATED}# Telemetry\n\n\
         Names follow the OpenTelemetry semantic conventions 1.41. What these have no name for \
         stands under `llm_tracer.`. An attribute is absent where the wire did not tell its value: \
         absent is never zero. What is of the type `any` is a string of JSON on a span, and \
         structured in an event and in JSON lines.\n\n\
         ## Spans and measurements\n\n{}\n\
         ### Of our own\n\n{}\n\
         ### Where the operator asks for them\n\n{}\n\
         ## Resources\n\n\
         One resource for each traced process.\n\n{}\n\
         ### Where the operator or a pod asks for them\n\n{}\n\
         ## Metrics of calls\n\n\
         Histograms, sent by OTLP; an attribute is there where the call's span has it. The agent's \
         own metrics are in [metrics.md](metrics.md).\n\n{}\n\
         ## JSON lines\n\n\
         With `--format json`, one object a call: the attributes of its span under their own names, \
         and these fields.\n\n{}",
        attributes(standard),
        attributes(own),
        table(["attribute", "type", "present", "meaning"], [header]),
        attributes(resource::REGISTRY.iter()),
        table(
            ["attribute", "type", "present", "meaning"],
            pod_attributes()
        ),
        table(
            [
                "metric",
                "unit",
                "meaning",
                "attributes",
                "bucket boundaries"
            ],
            metrics,
        ),
        table(["field", "meaning"], fields),
    )
}

/// Attributes whose names are not ours to choose.
fn pod_attributes() -> [[String; 4]; 2] {
    let row = |name: String, meaning: &str| {
        let kind = kind(Kind::String).to_owned();
        [name, kind, "where asked for".to_owned(), meaning.to_owned()]
    };
    [
        row(
            code(&format!("{}<key>", resource::K8S_POD_LABEL)),
            "Label of the pod whose key stands in `kubernetes.labels`.",
        ),
        row(
            "any".to_owned(),
            "Annotation of the pod under `resource.opentelemetry.io/`, by the rest of its key; not \
             where the process itself or what is seen of it says otherwise.",
        ),
    ]
}

fn attributes<'a>(list: impl IntoIterator<Item = &'a Attribute>) -> String {
    let row = |it: &Attribute| {
        [
            code(it.name),
            kind(it.kind).into(),
            level(it.level).into(),
            it.description.into(),
        ]
    };
    table(
        ["attribute", "type", "present", "meaning"],
        list.into_iter().map(row),
    )
}

pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Int => "int",
        Kind::Double => "double",
        Kind::Boolean => "boolean",
        Kind::StringList => "string[]",
        Kind::Document => "any",
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Required => "always",
        Level::Conditional => "whenever known",
        Level::OptIn => "where content is let out",
        Level::Recommended | Level::Own => "where known",
    }
}

/// The text with its first letter as at the start of a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tracer_core::semconv::measurements;

    use crate::export::samples;

    #[test]
    fn values_carry_the_attributes_that_are_documented() {
        let samples = samples::all();
        for measurement in samples
            .iter()
            .filter_map(|item| item.call.as_ref())
            .flat_map(|call| measurements(call))
        {
            for (name, _) in &measurement.attributes {
                let metric = measurement.metric;
                assert!(
                    metric.attributes().any(|known| known == name),
                    "{name} of {}",
                    metric.name()
                );
            }
        }
    }
}
