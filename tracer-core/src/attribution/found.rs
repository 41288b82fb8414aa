//! What was found of a call.

use std::sync::Arc;

use super::{dimension::Dimension, user_id};
use crate::{confidence::Confidence, policy::looks_like_credential};

/// Bytes of a value that are looked at; fewer leave the core.
const VALUE_BYTES: usize = 1_024;

/// To what a call belongs, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributed {
    /// Which of the dimensions.
    pub dimension: Dimension,
    /// Its value.
    pub value: String,
    /// Where it comes from, as the operator wrote it.
    pub source: Arc<str>,
    /// The place of that source in its dimension's list: a smaller one comes first.
    pub rank: u16,
    /// How sure it is.
    pub confidence: Confidence,
}

/// What the wire tells of a call: at most one value for each dimension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribution(Vec<Attributed>);

impl Attribution {
    /// What is known of a dimension.
    pub fn get(&self, dimension: Dimension) -> Option<&Attributed> {
        self.0.iter().find(|it| it.dimension == dimension)
    }

    /// All that is known.
    pub fn iter(&self) -> impl Iterator<Item = &Attributed> {
        self.0.iter()
    }

    /// The values, to be bounded.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.iter_mut().map(|it| &mut it.value)
    }

    /// Whether a source of this rank still has something to say.
    pub(super) fn wants(&self, dimension: Dimension, rank: u16) -> bool {
        self.get(dimension).is_none_or(|known| rank < known.rank)
    }

    /// Takes a value, unless it is none or a better source had one.
    pub(super) fn offer(
        &mut self,
        dimension: Dimension,
        rank: u16,
        source: &Arc<str>,
        confidence: Confidence,
        value: &str,
    ) {
        let value = value.trim();
        let value = value
            .get(..value.floor_char_boundary(VALUE_BYTES))
            .unwrap_or_default();
        let value = match dimension {
            Dimension::User => user_id::without_session(value),
            _ => value.into(),
        };
        if value.is_empty() || looks_like_credential(&value) || !self.wants(dimension, rank) {
            return;
        }
        self.0.retain(|it| it.dimension != dimension);
        self.0.push(Attributed {
            dimension,
            value: value.into_owned(),
            source: Arc::clone(source),
            rank,
            confidence,
        });
    }

    /// One of each dimension, for tests of bounds.
    #[cfg(test)]
    pub(crate) fn sample(text: &str) -> Self {
        let one = |dimension| Attributed {
            dimension,
            value: text.to_owned(),
            source: "sample".into(),
            rank: 0,
            confidence: Confidence::Observed,
        };
        Self(Dimension::ALL.map(one).into())
    }
}
