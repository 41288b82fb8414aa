//! Documents of JSON within documents of JSON.

use std::fmt;

use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// How deep a document may be that is put into another: readers of protocol buffers take 100 messages
/// within each other, and each level takes three.
const DEPTH: u8 = 20;

/// A text that may be a document: put in as such if any reader can read it, else as a string.
pub(super) struct Embedded<'a>(pub &'a str);

impl Serialize for Embedded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match raw(self.0) {
            Some(raw) => raw.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

/// The document, on one line.
fn raw(text: &str) -> Option<Box<RawValue>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Readable(DEPTH).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    // Outside strings line feeds mean nothing, and inside there are none.
    let line: String = text.trim().split(['\n', '\r']).collect();
    RawValue::from_string(line).ok()
}

/// Reads a document so deep, and keeps nothing. What is only skipped may hold half of a surrogate pair
/// or a number beyond all bounds, and others stumble over that.
struct Readable(u8);

impl Readable {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        let depth = self.0.checked_sub(1);
        depth.map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Readable {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_key_seed(Self(0))?.is_some() {
            members.next_value_seed(self.inner()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_in(text: &str) -> String {
        serde_json::to_string(&[Embedded(text)]).unwrap()
    }

    #[test]
    fn documents_are_put_in_as_they_are() {
        for text in [
            r#"{"b":1,"a":[true,null,"x"],"big":12345678901234567890}"#,
            "\"text\"",
            "-0.10",
        ] {
            assert_eq!(put_in(text), format!("[{text}]"));
        }
        assert_eq!(put_in(" {\n  \"a\": 1\r\n}\n"), "[{  \"a\": 1}]");
    }

    #[test]
    fn what_not_all_can_read_is_a_string() {
        for text in [
            "",
            "{\"a\":",
            "{} {}",
            "Paris",
            "[1e999]",
            r#"["\ud800"]"#,
            r#"{"\ud800":1}"#,
        ] {
            let expected = serde_json::to_string(&[text]).unwrap();
            assert_eq!(put_in(text), expected);
        }
        let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(put_in(&deep(20)).starts_with("[["));
        assert!(put_in(&deep(21)).starts_with("[\""));
        assert!(put_in(&deep(100_000)).starts_with("[\""));
    }
}
