//! A function that was recognised, and what it is to be probed for.

use super::super::super::plan::{CountLocation, ProbeRole};

/// A function of a TLS library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name in the source.
    pub name: &'static str,
    /// Virtual address of its first instruction.
    pub entry: u64,
    /// What a probe there sees.
    pub role: ProbeRole,
    /// Where the number of bytes is.
    pub count: CountLocation,
}

/// The only item, if there is exactly one: two candidates disagree, and neither is taken.
pub fn only<T>(items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut items = items.into_iter();
    let first = items.next()?;
    items.next().is_none().then_some(first)
}
