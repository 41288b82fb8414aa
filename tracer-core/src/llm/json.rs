//! Reading JSON from outside: a member of an unexpected type is as good as absent.
//!
//! Strings are borrowed where they can be, what is not asked for is skipped without being built,
//! and lists keep a bounded number of items.

use std::{borrow::Cow, fmt, marker::PhantomData};

use memchr::memchr2;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Items of a list that are kept; the rest is skipped.
const LIST_ITEMS: usize = 128;

/// Reads the JSON value at the beginning of `bytes`; what follows it does not matter.
pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::deserialize(&mut serde_json::Deserializer::from_slice(bytes)).ok()
}

/// Closes an object that breaks off: cuts `body` after its last whole top-level member. Returns
/// whether anything is left.
pub(super) fn close_object(body: &mut Vec<u8>) -> bool {
    let Some(end) = end_of_members(body) else { return false };
    body.truncate(end);
    body.push(b'}');
    true
}

/// Where the last whole member of the top-level object ends.
fn end_of_members(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut end = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at - 1);
                }
            }
            b',' if depth == 1 => end = Some(at - 1),
            _ => {}
        }
        if at >= bytes.len() {
            break;
        }
    }
    end
}

/// Behind the closing quote of the string whose text begins at `at`; the end of `bytes` if none.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        let next = at + found + 1;
        if bytes.get(at + found) == Some(&b'"') {
            return next;
        }
        at = next + 1;
    }
    bytes.len()
}

/// A type that takes what it can use of any JSON value, and is its default otherwise.
pub(super) trait Lenient<'de>: Default {
    fn bool(_: bool) -> Self {
        Self::default()
    }
    fn unsigned(_: u64) -> Self {
        Self::default()
    }
    fn signed(_: i64) -> Self {
        Self::default()
    }
    fn float(_: f64) -> Self {
        Self::default()
    }
    fn text(_: Cow<'de, str>) -> Self {
        Self::default()
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Drives a [`Lenient`] type from a deserializer.
pub(super) struct LenientVisitor<T>(PhantomData<T>);

impl<T> LenientVisitor<T> {
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
    where
        T: Lenient<'de>,
    {
        deserializer.deserialize_any(Self(PhantomData))
    }
}

impl<'de, T: Lenient<'de>> Visitor<'de> for LenientVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}

/// `Deserialize` through [`Lenient`].
macro_rules! lenient {
    ($($type:ident $(<$life:lifetime>)?),+) => {$(
        impl<'de $(: $life, $life)?> serde::Deserialize<'de> for $type $(<$life>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::llm::json::LenientVisitor::<Self>::deserialize(deserializer)
            }
        }
    )+};
}
pub(super) use lenient;

/// A string.
#[derive(Debug, Default, Clone)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The string, unless absent or empty.
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The same, owned.
    pub(super) fn owned(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }
}

impl<'de: 'a, 'a> Lenient<'de> for Text<'a> {
    fn text(value: Cow<'de, str>) -> Self {
        Self(Some(value))
    }
}

/// A string, or a number as a string.
#[derive(Debug, Default, Clone)]
pub(super) struct Scalar<'a>(Option<Cow<'a, str>>);

impl Scalar<'_> {
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Lenient<'de> for Scalar<'a> {
    fn text(value: Cow<'de, str>) -> Self {
        Self(Some(value))
    }
    fn unsigned(value: u64) -> Self {
        Self(Some(Cow::Owned(value.to_string())))
    }
    fn signed(value: i64) -> Self {
        Self(Some(Cow::Owned(value.to_string())))
    }
}

/// A whole number that is not negative; `12.0` is one.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count(pub(super) Option<u64>);

impl Lenient<'_> for Count {
    fn unsigned(value: u64) -> Self {
        Self(Some(value))
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
    fn float(value: f64) -> Self {
        let whole = (0.0..9.0e15).contains(&value) && value.fract() == 0.0;
        Self(whole.then_some(value as u64))
    }
}

/// A whole number.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Integer(pub(super) Option<i64>);

impl Lenient<'_> for Integer {
    fn unsigned(value: u64) -> Self {
        Self(i64::try_from(value).ok())
    }
    fn signed(value: i64) -> Self {
        Self(Some(value))
    }
}

/// Any number.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Number(pub(super) Option<f64>);

#[expect(clippy::cast_precision_loss, reason = "parameters of requests are small")]
impl Lenient<'_> for Number {
    fn unsigned(value: u64) -> Self {
        Self(Some(value as f64))
    }
    fn signed(value: i64) -> Self {
        Self(Some(value as f64))
    }
    fn float(value: f64) -> Self {
        Self(Some(value))
    }
}

/// A truth value.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flag(pub(super) Option<bool>);

impl Lenient<'_> for Flag {
    fn bool(value: bool) -> Self {
        Self(Some(value))
    }
}

/// Whether there is anything: not null, not an empty string, list or object.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Filled(pub(super) bool);

impl<'de> Lenient<'de> for Filled {
    fn bool(_: bool) -> Self {
        Self(true)
    }
    fn unsigned(_: u64) -> Self {
        Self(true)
    }
    fn signed(_: i64) -> Self {
        Self(true)
    }
    fn float(_: f64) -> Self {
        Self(true)
    }
    fn text(value: Cow<'de, str>) -> Self {
        Self(!value.is_empty())
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut filled = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            filled = true;
        }
        Ok(Self(filled))
    }
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut filled = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            filled = true;
        }
        Ok(Self(filled))
    }
}

/// The number of items of a list.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Length(pub(super) Option<u64>);

impl<'de> Lenient<'de> for Length {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut length = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Self(Some(length)))
    }
}

/// A string or a list of strings.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Lenient<'de> for Texts {
    fn text(value: Cow<'de, str>) -> Self {
        Self(vec![value.into_owned()])
    }
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Ok(Self(List::<Text<'de>>::list(list)?.0.iter().filter_map(Text::owned).collect()))
    }
}

lenient!(Text<'a>, Scalar<'a>, Count, Integer, Number, Flag, Filled, Length, Texts);

/// An object.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for Object<T> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|value| Self(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LenientVisitor::<Self>::deserialize(deserializer)
    }
}

/// A list; its first [`LIST_ITEMS`] items are kept.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for List<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while items.len() < LIST_ITEMS {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(Self(items)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self(items))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LenientVisitor::<Self>::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(text: &str) -> Option<String> {
        let mut body = text.as_bytes().to_vec();
        close_object(&mut body).then(|| String::from_utf8(body).expect("text"))
    }

    #[test]
    fn an_object_is_closed_after_its_last_whole_member() {
        for (cut, expected) in [
            (r#"{"a":1,"b":[1,2,{"c":"}"#, r#"{"a":1}"#),
            (r#"{"a":"x\",","b":12"#, r#"{"a":"x\","}"#),
            (r#"{"a":{"b":1},"c"#, r#"{"a":{"b":1}}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(closed(cut).as_deref(), Some(expected), "{cut}");
        }
        assert_eq!(closed(r#"{"a":1"#), None);
        assert_eq!(closed(""), None);
    }

    #[test]
    fn members_of_an_unexpected_type_are_absent() {
        assert_eq!(read::<Count>(b"\"12\"").expect("json").0, None);
        assert_eq!(read::<Count>(b"12.0").expect("json").0, Some(12));
        assert_eq!(read::<Count>(b"-1").expect("json").0, None);
        assert!(read::<Text<'_>>(b"[1,{}]").expect("json").as_str().is_none());
        assert!(read::<List<Count>>(b"{}").expect("json").0.is_empty());
        assert!(read::<Count>(b"[1").is_none());
    }
}
