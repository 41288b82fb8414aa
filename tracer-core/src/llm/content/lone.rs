//! Pieces that are a text and nothing else: nearly all of a stream.
//!
//! They are found without parsing what repeats around them, and read without building what a message
//! or a block may hold besides.

use std::borrow::Cow;

use memchr::memmem::Finder;
use serde::de::{IgnoredAny, MapAccess};

use super::wire::Raw;
use crate::llm::json::{Filled, Lenient, Text, lenient, read};

/// A delta, a message or a block.
#[derive(Debug, Default)]
struct Lone<'a> {
    text: Text<'a>,
    has_more: bool,
}

impl<'de: 'a, 'a> Lenient<'de> for Lone<'a> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut lone = Self::default();
        while let Some(name) = map.next_key::<Text<'a>>()? {
            match name.as_str() {
                Some("content" | "text") => lone.text = map.next_value()?,
                Some("role" | "type") => drop(map.next_value::<IgnoredAny>()?),
                _ => lone.has_more |= map.next_value::<Filled>()?.0,
            }
        }
        Ok(lone)
    }
}

lenient!(Lone<'a>);

/// The text of the object at the beginning of `json`, if it says nothing else.
pub(super) fn text(json: &[u8]) -> Option<Cow<'_, str>> {
    let lone = read::<Lone<'_>>(json)?;
    lone.text.into_inner().filter(|_| !lone.has_more)
}

/// The same of a member.
pub(super) fn of_raw(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    text(raw?.get().as_bytes())
}

/// The text from the value of a member on, if that stands in `json` once.
pub(super) fn only<'a>(member: &Finder<'_>, json: &'a [u8]) -> Option<&'a [u8]> {
    let mut places = member.find_iter(json);
    let at = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let after = json.get(at + member.needle().len()..)?;
    let value = after.trim_ascii_start().strip_prefix(b":")?;
    Some(value.trim_ascii_start())
}

/// Whether a member never says anything but 0.
pub(super) fn is_zero(member: &Finder<'_>, json: &[u8]) -> bool {
    member.find_iter(json).all(|at| {
        let after = json.get(at + member.needle().len()..).unwrap_or_default();
        let value = after.trim_ascii_start().strip_prefix(b":");
        match value.map(<[u8]>::trim_ascii_start) {
            Some([b'0', after, ..]) => !after.is_ascii_digit(),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_alone_or_it_is_not() {
        let text = |json: &'static str| text(json.as_bytes());
        assert_eq!(
            text(r#"{"role":"assistant","content":"a\nb"}..."#).as_deref(),
            Some("a\nb")
        );
        assert_eq!(
            text(r#"{"content":"a","refusal":null,"tool_calls":[]}"#).as_deref(),
            Some("a")
        );
        assert_eq!(text(r#"{"content":"a","refusal":"b"}"#), None);
        assert_eq!(text(r#"{"content":[{"text":"a"}]}"#), None);
        assert_eq!(text(r#"{"content":null}"#), None);
        assert_eq!(text("[]"), None);
    }

    #[test]
    fn members_are_counted_and_compared() {
        let (delta, index) = (Finder::new(r#""delta""#), Finder::new(r#""index""#));
        assert_eq!(only(&delta, br#"{"delta" : 1}"#), Some(&b"1}"[..]));
        assert_eq!(only(&delta, br#"{"delta":1,"x":{"delta":2}}"#), None);
        assert_eq!(only(&delta, br#"{"type":"delta"}"#), None);
        assert!(is_zero(&index, br#"{"index":0,"x":{"index": 0}}"#));
        for json in [
            r#"{"index":1}"#,
            r#"{"index":null}"#,
            r#"{"index":0,"x":{"index":01}}"#,
        ] {
            assert!(!is_zero(&index, json.as_bytes()), "{json}");
        }
    }
}
