//! The environment.

use std::ffi::OsString;

use super::{
    key::AnyKey,
    layers::{Layer, Origin},
    registry::KEYS,
    setting::{Raw, Scalar},
    suggest,
};
use crate::env_vars;

/// What the environment says, by `lookup` of a variable's name. An empty variable counts as not
/// set, as the OpenTelemetry specification wants it.
pub fn layer(lookup: impl Fn(&str) -> Option<OsString>) -> Layer {
    let mut layer = Layer::new();
    for key in KEYS {
        let set = key.env().iter().find_map(|&name| {
            let value = lookup(name)?.to_string_lossy().into_owned();
            (!value.is_empty()).then_some((name, value))
        });
        if let Some((name, value)) = set {
            let raw = Raw::One(standard_form(*key, name, value));
            layer.insert(key.path(), (raw, Origin::Environment(name)));
        }
    }
    layer
}

/// Times in standard variables are bare milliseconds.
fn standard_form(key: &dyn AnyKey, name: &str, value: String) -> String {
    let is_time = key.value_name() == <std::time::Duration as Scalar>::VALUE_NAME;
    let bare = value.trim().bytes().all(|byte| byte.is_ascii_digit());
    if is_time && bare && name.starts_with("OTEL_") {
        format!("{}ms", value.trim())
    } else {
        value
    }
}

/// Variables that look like ours but are not: `(name, nearest)`. Not an error, since Kubernetes
/// sets variables after the names of services.
pub fn unknown(names: impl Iterator<Item = OsString>) -> Vec<(String, Option<&'static str>)> {
    let known = || {
        KEYS.iter()
            .flat_map(|key| key.env())
            .copied()
            .chain([env_vars::LLM_TRACER_CONFIG])
    };
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("LLM_TRACER_") && !known().any(|known| known == name))
        .filter(|name| !is_service_link(name))
        .map(|name| {
            let nearest = suggest::nearest(&name, known());
            (name, nearest)
        })
        .collect()
}

/// What Kubernetes sets for a service named `llm-tracer`.
fn is_service_link(name: &str) -> bool {
    let rest = name.strip_prefix("LLM_TRACER_").unwrap_or_default();
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}
