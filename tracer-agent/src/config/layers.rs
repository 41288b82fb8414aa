//! The sources on top of each other, and where each value came from.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use super::{
    error::ConfigError,
    key::{AnyKey, Key},
    setting::{Raw, Refusal, Setting},
};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In a file.
    File {
        /// Which one.
        path: Arc<PathBuf>,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// In an environment variable.
    Environment(&'static str),
    /// In a flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// What one source says, by key.
pub type Layer = BTreeMap<&'static str, (Raw, Origin)>;

/// All sources, strongest first.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    layers: Vec<Layer>,
}

impl Layers {
    /// From the sources in order of strength.
    pub fn new(layers: impl IntoIterator<Item = Layer>) -> Self {
        Self {
            layers: layers.into_iter().collect(),
        }
    }

    /// The value of a key from the strongest source that has one.
    pub fn get<T: Setting>(&self, key: &Key<T>) -> Result<T, ConfigError> {
        let (raw, origin) = self.raw(key);
        T::parse(&raw).map_err(|refusal| bad_value(key, &raw, origin, refusal))
    }

    /// Where the value of a key comes from.
    pub fn origin(&self, key: &dyn AnyKey) -> Origin {
        self.raw(key).1
    }

    /// The normal form of a key's value and its origin, for people.
    pub fn describe(&self, key: &dyn AnyKey) -> Result<(Raw, Origin), ConfigError> {
        let (raw, origin) = self.raw(key);
        match key.normalise(&raw) {
            Ok(normal) => Ok((normal, origin)),
            Err(refusal) => Err(bad_value(key, &raw, origin, refusal)),
        }
    }

    fn raw(&self, key: &dyn AnyKey) -> (Raw, Origin) {
        self.layers
            .iter()
            .find_map(|layer| layer.get(key.path()).cloned())
            .unwrap_or_else(|| (Raw::One(key.default().to_owned()), Origin::Default))
    }
}

/// The error for a value that its key refuses.
pub(super) fn bad_value(
    key: &dyn AnyKey,
    raw: &Raw,
    origin: Origin,
    Refusal(reason): Refusal,
) -> ConfigError {
    ConfigError::BadValue {
        origin,
        key: key.path(),
        value: if key.hides(raw) {
            "(hidden)".to_owned()
        } else {
            raw.to_string()
        },
        reason,
        expects: key.expects().to_owned(),
    }
}

/// As in TOML.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(text) if is_bare(text) => f.write_str(text),
            Self::One(text) => f.write_str(&quoted(text)),
            Self::Many(items) => {
                let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Pairs(pairs) if pairs.is_empty() => f.write_str("{}"),
            Self::Pairs(pairs) => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(k, v)| format!("{} = {}", quoted(k), quoted(v)))
                    .collect();
                write!(f, "{{ {} }}", pairs.join(", "))
            }
        }
    }
}

/// Whether TOML writes it without quotes: a truth value or a number.
fn is_bare(text: &str) -> bool {
    text.parse::<bool>().is_ok()
        || text
            .parse::<u64>()
            .is_ok_and(|number| number.to_string() == text)
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
