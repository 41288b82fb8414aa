//! Objects whose members have names that nobody lists.

use serde::de::{Deserialize, Deserializer, MapAccess};

use super::{
    lenient::{Lenient, LenientVisitor},
    values::{LIST_ITEMS, Text},
};

/// The members of an object in order; as many as of a list are kept.
#[derive(Debug)]
pub(in crate::llm) struct Entries<'a, T>(pub(in crate::llm) Vec<(Text<'a>, T)>);

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<'_, T> {
    /// Names and values.
    pub(in crate::llm) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let entries = self.0.iter();
        entries.filter_map(|(name, value)| Some((name.as_str()?, value)))
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Lenient<'de> for Entries<'a, T> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            if entries.len() < LIST_ITEMS {
                entries.push(entry);
            }
        }
        Ok(Self(entries))
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LenientVisitor::<Self>::deserialize(deserializer)
    }
}
