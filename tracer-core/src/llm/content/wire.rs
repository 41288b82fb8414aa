//! Members of JSON whose type is not settled: read only where they are looked for.
//!
//! Lists are read item by item, so that a body takes no more memory than its largest item.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::llm::json::{Object, Text, read};

/// A member that may hold anything; `None` if it is absent or null.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// A member as text.
pub(super) fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let json = raw?.get();
    if !json.starts_with('"') {
        return None;
    }
    let text = read::<Text<'_>>(json.as_bytes())?.into_inner()?;
    (!text.is_empty()).then_some(text)
}

/// A member as text: a string as what it says, anything else as JSON.
pub(super) fn text_or_json(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    match raw?.get() {
        string if string.starts_with('"') => text(raw),
        json => Some(Cow::Borrowed(json)),
    }
}

/// A member that is an object.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    read::<Object<T>>(raw?.get().as_bytes())?.0
}

/// Hands over the objects of a list, or the one object that stands in place of a list. Items of
/// another type are left out.
pub(super) fn objects<'a, T: Deserialize<'a>>(raw: Raw<'a>, mut take: impl FnMut(T)) {
    each(raw, |object: Object<T>| {
        if let Some(object) = object.0 {
            take(object);
        }
    });
}

/// Hands over the items of a list one by one, or the one object that stands in place of a list.
pub(super) fn each<'a, T: Deserialize<'a>>(raw: Raw<'a>, take: impl FnMut(T)) {
    let Some(json) = raw.map(RawValue::get) else {
        return;
    };
    if json.starts_with('{') {
        read::<T>(json.as_bytes()).into_iter().for_each(take);
    } else if json.starts_with('[') {
        let visitor = Each {
            take,
            item: PhantomData,
        };
        // What comes before an item that cannot be read was handed over.
        let _ = serde_json::Deserializer::from_str(json).deserialize_seq(visitor);
    }
}

/// Hands over the members of an object one by one.
pub(super) fn members<'a>(raw: Raw<'a>, take: impl FnMut(&str, Raw<'a>)) {
    let Some(raw) = raw else { return };
    if raw.get().starts_with('{') {
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        let _ = deserializer.deserialize_map(Members { take });
    }
}

struct Each<F, T> {
    take: F,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.take)(item);
        }
        Ok(())
    }
}

struct Members<F> {
    take: F,
}

impl<'de, F: FnMut(&str, Raw<'de>)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'de>>()? {
            let value = map.next_value::<Raw<'de>>()?;
            (self.take)(name.as_str().unwrap_or_default(), value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Raw<'_> {
        Some(serde_json::from_str(json).expect("json"))
    }

    #[derive(Deserialize)]
    struct Item {
        n: u8,
    }

    #[test]
    fn lists_and_single_objects_are_alike() {
        let numbers = |json| {
            let mut numbers = Vec::new();
            objects(raw(json), |item: Item| numbers.push(item.n));
            numbers
        };
        assert_eq!(numbers(r#"[{"n":1},"x",{"n":2}]"#), [1, 2]);
        assert_eq!(numbers(r#"{"n":3}"#), [3]);
        assert!(numbers(r#""x""#).is_empty());
    }

    #[test]
    fn text_and_json() {
        assert_eq!(text(raw(r#""a\nb""#)).as_deref(), Some("a\nb"));
        assert_eq!(text(raw("{}")), None);
        assert_eq!(
            text_or_json(raw(r#"{"a": 1}"#)).as_deref(),
            Some(r#"{"a": 1}"#)
        );
    }

    #[test]
    fn members_come_in_order() {
        let mut seen = Vec::new();
        members(raw(r#"{"a":1,"b":null}"#), |name, value| {
            seen.push((name.to_owned(), value.map(RawValue::get)));
        });
        assert_eq!(seen, [("a".to_owned(), Some("1")), ("b".to_owned(), None)]);
    }
}
