//! `environment.md`: every variable.

use super::table::{GENERATED, code, table};
use crate::{
    config::registry::KEYS,
    env_vars::{LLM_TRACER_CONFIG, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME},
};

pub(super) fn page() -> String {
    let config = [
        code(LLM_TRACER_CONFIG),
        "`--config`".into(),
        "Path of the configuration file.".into(),
    ];
    let of_keys = KEYS.iter().flat_map(|key| {
        let row = |name: &&str| [code(name), code(key.path()), key.doc().to_owned()];
        key.env().iter().map(row).collect::<Vec<_>>()
    });
    format!(
        "{GENERATED}# Environment variables\n\n\
         Standard OpenTelemetry variables keep their meaning; times in them are milliseconds. A \
         variable that is empty counts as not set.\n\n\
         ## Of the agent\n\n{}\n\
         ## Of a traced process\n\n\
         Read once from the environment that a traced process was started with; nothing else of it \
         is kept.\n\n{}",
        table(["variable", "sets", "meaning"], [config].into_iter().chain(of_keys)),
        table(["variable", "meaning"], [
            [code(OTEL_SERVICE_NAME), "`service.name` of the process.".to_owned()],
            [
                code(OTEL_RESOURCE_ATTRIBUTES),
                "Attributes of the process's resource; what looks like a credential is left out."
                    .to_owned(),
            ],
        ]),
    )
}
