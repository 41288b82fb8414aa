//! Schemas, compiled once.

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use lru::LruCache;
use serde_json::Value;

use super::{admission::Work, google};
use crate::llm::content::{Schema, digest, join};

/// Bytes of the texts of all schemas that are remembered.
const BYTES: usize = 2 << 20;
/// The longest schema.
const LONGEST: usize = 64 << 10;
/// Bytes of the program of a regular expression, and of what it is run by.
const PATTERN_BYTES: usize = 64 << 10;

/// A schema that texts can be checked by.
#[derive(Debug)]
pub(super) struct Compiled {
    validator: Validator,
    work: Work,
}

/// How a value fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    Valid,
    /// Against this keyword of the schema.
    Invalid(String),
    /// A check would be too much work.
    Unknown,
}

/// Schemas that were seen, those that cannot be compiled among them.
#[derive(Debug)]
pub(super) struct Library {
    schemas: LruCache<u64, Known>,
    bytes: usize,
}

#[derive(Debug)]
struct Known {
    bytes: usize,
    compiled: Option<Arc<Compiled>>,
}

impl Default for Library {
    fn default() -> Self {
        Self {
            // Bounded by the bytes of all.
            schemas: LruCache::unbounded(),
            bytes: 0,
        }
    }
}

impl Library {
    /// A schema, compiled now if it was not before; `None` if it cannot be.
    pub(super) fn get(&mut self, schema: &Schema) -> Option<Arc<Compiled>> {
        if schema.text.len() > LONGEST {
            return None;
        }
        let key = join(digest(&schema.text), schema.is_of_google.into());
        if let Some(known) = self.schemas.get(&key) {
            return known.compiled.clone();
        }
        let compiled = Compiled::new(schema).map(Arc::new);
        // One that cannot be compiled takes room as well.
        let bytes = schema.text.len() + size_of::<Known>();
        self.bytes += bytes;
        let known = Known {
            bytes,
            compiled: compiled.clone(),
        };
        self.schemas.put(key, known);
        while self.bytes > BYTES
            && let Some((_, oldest)) = self.schemas.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(oldest.bytes);
        }
        compiled
    }
}

impl Compiled {
    fn new(schema: &Schema) -> Option<Self> {
        let mut value = serde_json::from_str(&schema.text).ok()?;
        if schema.is_of_google {
            google::to_json_schema(&mut value);
        }
        let work = Work::of(&value)?;
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES);
        let options = jsonschema::options()
            .with_pattern_options(patterns)
            .should_validate_formats(false);
        Some(Self {
            validator: options.build(&value).ok()?,
            work,
        })
    }

    /// Checks a value that was written in so many bytes.
    pub(super) fn check(&self, value: &Value, bytes: usize) -> Fit {
        if !self.work.is_bounded(value, bytes) {
            return Fit::Unknown;
        }
        match self.validator.validate(value) {
            Ok(()) => Fit::Valid,
            Err(error) => Fit::Invalid(keyword(error.schema_path().as_str())),
        }
    }
}

/// The keyword at the end of a path through a schema. Names of members may end one as well: they are
/// part of what was asked.
fn keyword(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_word = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_word { last } else { "schema" }.to_owned()
}
