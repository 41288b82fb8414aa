//! The effective configuration, with the source of each value.

use std::fmt::Write;

use super::{
    error::ConfigError,
    layers::{Layers, Origin},
    registry::KEYS,
};

/// A TOML file that gives this configuration; the source stands behind each value. Secrets are
/// left out.
pub fn effective(layers: &Layers) -> Result<String, ConfigError> {
    let mut lines = Vec::new();
    for key in KEYS {
        let (value, origin) = layers.describe(*key)?;
        let line = if key.hides(&value) && origin != Origin::Default {
            format!("# {} is set", key.path())
        } else {
            format!("{} = {value}", key.path())
        };
        lines.push((line, origin.to_string()));
    }
    let width = lines
        .iter()
        .map(|(line, _)| line.chars().count())
        .max()
        .unwrap_or(0)
        .min(60);
    Ok(lines
        .iter()
        .fold(String::new(), |mut text, (line, origin)| {
            let _ = writeln!(text, "{line:width$}  # {origin}");
            text
        }))
}
