//! Ids of traces and spans, from a keyed hash: whoever needs one can have it before the span exists.

use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher as _, RandomState};

/// Id of a trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub u128);

/// Id of a span; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub u64);

/// The key of all ids.
#[derive(Debug, Clone, Default)]
pub enum IdKey {
    /// New with every start: ids of different runs and hosts must not meet.
    #[default]
    Random,
    /// The same ids for the same input: for tests.
    Fixed(u64),
}

/// Makes ids.
#[derive(Debug)]
pub(super) enum Ids {
    Random(RandomState),
    Fixed(u64),
}

#[derive(Hash)]
enum Part {
    Span,
    TraceHigh,
    TraceLow,
    Mark,
}

impl Ids {
    pub(super) fn new(key: &IdKey) -> Self {
        match key {
            IdKey::Random => Self::Random(RandomState::new()),
            IdKey::Fixed(key) => Self::Fixed(*key),
        }
    }

    /// The span of something.
    pub(super) fn span(&self, of: impl Hash) -> SpanId {
        SpanId(self.hash((Part::Span, of)).max(1))
    }

    /// The trace that begins with something.
    pub(super) fn trace(&self, of: impl Hash) -> TraceId {
        let high = u128::from(self.hash((Part::TraceHigh, &of)));
        let low = u128::from(self.hash((Part::TraceLow, &of)));
        TraceId(((high << 64) | low).max(1))
    }

    /// What tells things apart whose own names are not told.
    pub(super) fn mark(&self, of: impl Hash) -> u32 {
        (self.hash((Part::Mark, of)) >> 32) as u32
    }

    fn hash(&self, what: impl Hash) -> u64 {
        match self {
            Self::Random(keys) => keys.hash_one(what),
            Self::Fixed(key) => {
                let mut hasher = DefaultHasher::new();
                (key, what).hash(&mut hasher);
                hasher.finish()
            }
        }
    }
}
