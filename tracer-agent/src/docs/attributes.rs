//! `attributes.md`: every attribute of spans, measurements and resources.

use tracer_core::semconv::{
    Metric,
    attributes::{Attribute, Kind, Level, REGISTRY},
    resource,
};

use super::table::{GENERATED, code, table};

pub(super) fn page() -> String {
    let (own, standard): (Vec<&Attribute>, Vec<&Attribute>) =
        REGISTRY.iter().partition(|it| it.level == Level::Own);
    let metrics = Metric::ALL
        .into_iter()
        .map(|metric| [code(metric.name()), code(metric.unit())]);
    format!(
        "{GENERATED}# Telemetry\n\n\
         Names follow the OpenTelemetry semantic conventions 1.41. What these have no name for \
         stands under `llm_tracer.`. An attribute is absent where the wire did not tell its value: \
         absent is never zero.\n\n\
         ## Spans and measurements\n\n{}\n\
         ### Of our own\n\n{}\n\
         ## Resources\n\n\
         One resource for each traced process.\n\n{}\n\
         ## Metrics of calls\n\n\
         Histograms, sent by OTLP. The agent's own metrics are in [metrics.md](metrics.md).\n\n{}",
        attributes(standard),
        attributes(own),
        attributes(resource::REGISTRY.iter()),
        table(["metric", "unit"], metrics),
    )
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

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Int => "int",
        Kind::Double => "double",
        Kind::Boolean => "boolean",
        Kind::StringList => "string[]",
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Required => "always",
        Level::Conditional => "whenever known",
        Level::Recommended | Level::Own => "where known",
    }
}
