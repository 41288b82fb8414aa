//! The configuration file.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::ConfigError,
    key::AnyKey,
    layers::{Layer, Origin, bad_value},
    registry::{KEYS, find},
    setting::Raw,
    suggest,
};
use crate::bounded_file;

/// Where the file is looked for when none is named.
pub const DEFAULT_PATH: &str = "/etc/llm-tracer/config.toml";
/// Longest file that is read: far more than a list of every process of a host takes.
const MAX_BYTES: u64 = 1 << 20;

/// Reads a file.
pub fn read(path: &Path) -> Result<Layer, ConfigError> {
    let bytes = bounded_file::read(path, MAX_BYTES).map_err(|cause| ConfigError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    parse(path, text_of(path, &bytes)?)
}

fn text_of<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, ConfigError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let end = error.valid_up_to();
        let sound = bytes.get(..end).and_then(|it| std::str::from_utf8(it).ok());
        let places = Places {
            path: Arc::new(path.to_owned()),
            text: sound.unwrap_or_default(),
        };
        ConfigError::NotUtf8 {
            origin: places.origin(end..end),
        }
    })
}

/// Reads the file at [`DEFAULT_PATH`], if there is one.
pub fn read_default() -> Result<Layer, ConfigError> {
    let path = Path::new(DEFAULT_PATH);
    if path.exists() {
        read(path)
    } else {
        Ok(Layer::new())
    }
}

/// Parses the text of a file; `path` is for messages.
pub fn parse(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let places = Places {
        path: Arc::new(path.to_owned()),
        text,
    };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        origin: places.origin(error.span().unwrap_or(0..0)),
        message: error.message().replace('\n', ", "),
    })?;
    let mut layer = Layer::new();
    walk(&places, "", table.get_ref(), &mut layer)?;
    Ok(layer)
}

/// Collects the keys of one table and of those below it.
fn walk(
    places: &Places<'_>,
    section: &str,
    table: &DeTable<'_>,
    layer: &mut Layer,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let path = join(section, name.get_ref());
        if let Some(key) = find(&path) {
            let raw = checked(places, key, value)?;
            layer.insert(key.path(), (raw, places.origin(value.span())));
            continue;
        }
        match value.get_ref() {
            DeValue::Table(inner) if is_section(&path) => walk(places, &path, inner, layer)?,
            _ if is_section(&path) => {
                let hint = format!("it holds: {}", allowed_in(&path).join(", "));
                let origin = places.origin(name.span());
                return Err(ConfigError::SectionIsNoKey {
                    origin,
                    section: path,
                    hint,
                });
            }
            _ => return Err(unknown(places.origin(name.span()), section, path)),
        }
    }
    Ok(())
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| {
        key.path()
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The value as a source's text. What is wrong with one item of a list or table is told at that
/// item's place.
fn checked(
    places: &Places<'_>,
    key: &dyn AnyKey,
    value: &Spanned<DeValue<'_>>,
) -> Result<Raw, ConfigError> {
    let text = |value: &Spanned<DeValue<'_>>, words: fn(&DeValue<'_>) -> Option<String>| {
        words(value.get_ref()).ok_or_else(|| ConfigError::BadValue {
            origin: places.origin(value.span()),
            key: key.path(),
            value: kind(value.get_ref()).into(),
            reason: "values of this kind are not used here".into(),
            expects: key.expects().into(),
        })
    };
    let check = |raw: Raw, place: &Spanned<DeValue<'_>>| match key.normalise(&raw) {
        Ok(_) => Ok(raw),
        Err(refusal) => Err(bad_value(key, &raw, places.origin(place.span()), refusal)),
    };
    match value.get_ref() {
        DeValue::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                let text = text(item, scalar)?;
                check(Raw::Many(vec![text.clone()]), item)?;
                all.push(text);
            }
            check(Raw::Many(all), value)
        }
        DeValue::Table(pairs) => {
            let mut all = Vec::new();
            for (name, item) in pairs {
                let pair = (name.get_ref().to_string(), text(item, string)?);
                check(Raw::Pairs(vec![pair.clone()]), item)?;
                all.push(pair);
            }
            check(Raw::Pairs(all), value)
        }
        _ => check(Raw::One(text(value, scalar)?), value),
    }
}

/// What kind of value it is, with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::String(_) => "a string",
    }
}

/// Tables hold strings only: `1.10` as a number would become `1.1`.
fn string(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The hint is the nearest name of the same section, else a key of that name elsewhere, else the
/// names allowed.
fn unknown(origin: Origin, section: &str, key: String) -> ConfigError {
    let allowed = allowed_in(section);
    let name = key.rsplit('.').next().unwrap_or(&key);
    let near = suggest::nearest(name, allowed.iter().copied()).map(|near| join(section, near));
    let elsewhere = || {
        KEYS.iter()
            .find(|it| it.path().rsplit('.').next() == Some(name))
    };
    let hint = match near.or_else(|| elsewhere().map(|key| key.path().to_owned())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("allowed here: {}", allowed.join(", ")),
    };
    ConfigError::UnknownKey { origin, key, hint }
}

/// Names of the keys and sections directly below a section.
fn allowed_in(section: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for key in KEYS {
        let rest = match section {
            "" => Some(key.path()),
            _ => key
                .path()
                .strip_prefix(section)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        if let Some(name) = rest.and_then(|rest| rest.split('.').next())
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// Turns places in the text into line and column.
struct Places<'t> {
    path: Arc<PathBuf>,
    text: &'t str,
}

impl Places<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: Arc::clone(&self.path),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}
