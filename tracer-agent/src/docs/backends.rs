//! `backends.md`: what each backend is sent beside the conventions.

use tracer_core::semconv::{attributes::Kind, backends::Backend};

use super::{
    attributes::kind,
    table::{GENERATED, code, table},
};

pub(super) fn page() -> String {
    let mut text = format!(
        "{GENERATED}# What backends are sent beside the conventions\n\n\
         With `--backend` (`export.otlp.backend`), spans carry what that backend would miss or \
         read differently, as far as it is known; [how to send to each](../backends.md). None of \
         it takes the place of an attribute that a span has already.\n"
    );
    for backend in Backend::ALL {
        if backend.rules().is_empty() {
            continue;
        }
        text.push_str(&format!("\n## `{}`\n\n{}", backend.name(), rows(backend)));
    }
    text
}

fn rows(backend: Backend) -> String {
    let row = |place: &str, name: &str, of: Kind, meaning: &str| {
        [place.into(), code(name), kind(of).into(), meaning.into()]
    };
    let rules = backend.rules().iter();
    let rules = rules.map(|rule| row("span", rule.name, rule.kind, rule.description));
    let heading = backend.heading().map(|(name, from)| {
        let meaning = format!(
            "Where its spans are filed: {}, unless the process or `export.resource_attributes` \
             has this attribute.",
            code(from)
        );
        row("resource", name, Kind::String, &meaning)
    });
    let headers = backend.headers().iter().map(|(name, value)| {
        let meaning = format!(
            "{}, unless `export.otlp.headers` has this header.",
            code(value)
        );
        row("request header", name, Kind::String, &meaning)
    });
    table(
        ["where", "name", "type", "meaning"],
        rules.chain(heading).chain(headers),
    )
}
