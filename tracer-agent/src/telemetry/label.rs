//! Counters for each value of a closed set of labels, reached without a lock.

use std::marker::PhantomData;

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::registry::MetricInfo;

/// A closed set of label values.
pub trait Label: Copy + 'static {
    /// All values, in the order of [`Label::index`].
    const ALL: &'static [Self];
    /// Its place in [`Label::ALL`].
    fn index(self) -> usize;
    /// The value as scraped.
    fn name(self) -> &'static str;
}

/// One counter for each value of `L`.
#[derive(Debug)]
pub struct ByLabel<L> {
    counters: Box<[Counter]>,
    label: PhantomData<L>,
}

impl<L: Label> ByLabel<L> {
    /// Registers the counters; all values show from the start, at zero.
    pub(super) fn register(info: &MetricInfo, registry: &mut Registry) -> Self {
        let family = Family::<Labels<1>, Counter>::default();
        let counter = |label: &L| family.get_or_create_owned(&info.series([label.name()]));
        let counters = L::ALL.iter().map(counter).collect();
        info.register(registry, &family);
        Self {
            counters,
            label: PhantomData,
        }
    }

    /// The counter of one value.
    pub fn of(&self, label: L) -> &Counter {
        // `Label::index` is a place in `Label::ALL`, from which the counters were made.
        &self.counters[label.index()]
    }
}

/// Labels of one series: names from the registry, values from the world.
pub(super) type Labels<const N: usize> = [(&'static str, String); N];

impl MetricInfo {
    /// The labels of one series, values in the order of [`MetricInfo::labels`].
    pub(super) fn series<const N: usize>(&self, values: [&str; N]) -> Labels<N> {
        let mut names = self.labels.iter();
        values.map(|value| (names.next().copied().unwrap_or("label"), value.to_owned()))
    }
}

/// Makes `counter` show `value`, a count that is kept elsewhere; never lets it shrink.
pub fn raise_to(counter: &Counter, value: u64) {
    counter
        .inner()
        .fetch_max(value, std::sync::atomic::Ordering::Relaxed);
}

/// Implements [`Label`] for a fieldless enum.
macro_rules! labels {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$doc])* $value,)* }

        impl $crate::telemetry::label::Label for $type {
            const ALL: &'static [Self] = &[$(Self::$value),*];

            fn index(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }
        }
    };
}
pub(super) use labels;
