//! The kinds of values that adapters ask for.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess};

use super::{
    lenient::{Lenient, LenientVisitor, lenient},
    mend::mended,
};

/// Items of a list that are kept; the rest is skipped.
pub(super) const LIST_ITEMS: usize = 128;

/// Reads the JSON value at the beginning of `bytes`; what follows it does not matter. One that is
/// refused is read once more as [`mended`].
pub(in crate::llm) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    match T::deserialize(&mut serde_json::Deserializer::from_slice(bytes)) {
        Ok(value) => Some(value),
        // It breaks off.
        Err(error) if error.is_eof() => None,
        // A reader lends nothing, so that the value may live longer than what was mended.
        Err(_) => {
            let text = mended(bytes)?;
            T::deserialize(&mut serde_json::Deserializer::from_reader(&*text)).ok()
        }
    }
}

/// A string.
#[derive(Debug, Default, Clone)]
pub(in crate::llm) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The string, unless absent or empty.
    pub(in crate::llm) fn as_str(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The same, owned.
    pub(in crate::llm) fn owned(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }
}

impl<'a> Text<'a> {
    /// The string, unless absent.
    pub(in crate::llm) fn into_inner(self) -> Option<Cow<'a, str>> {
        self.0
    }
}

impl<'de: 'a, 'a> Lenient<'de> for Text<'a> {
    fn text(value: Cow<'de, str>) -> Self {
        Self(Some(value))
    }
}

/// A string, or a number as a string.
#[derive(Debug, Default, Clone)]
pub(in crate::llm) struct Scalar<'a>(Option<Cow<'a, str>>);

impl Scalar<'_> {
    pub(in crate::llm) fn as_str(&self) -> Option<&str> {
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
pub(in crate::llm) struct Count(pub(in crate::llm) Option<u64>);

impl Lenient<'_> for Count {
    fn unsigned(value: u64) -> Self {
        Self(Some(value))
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    fn float(value: f64) -> Self {
        let whole = (0.0..9.0e15).contains(&value) && value.fract() == 0.0;
        Self(whole.then_some(value as u64))
    }
}

/// A whole number.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::llm) struct Integer(pub(in crate::llm) Option<i64>);

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
pub(in crate::llm) struct Number(pub(in crate::llm) Option<f64>);

#[expect(
    clippy::cast_precision_loss,
    reason = "parameters of requests are small"
)]
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
pub(in crate::llm) struct Flag(pub(in crate::llm) Option<bool>);

impl Lenient<'_> for Flag {
    fn bool(value: bool) -> Self {
        Self(Some(value))
    }
}

/// Whether there is anything: not null, not an empty string, list or object.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::llm) struct Filled(pub(in crate::llm) bool);

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
pub(in crate::llm) struct Length(pub(in crate::llm) Option<u64>);

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
pub(in crate::llm) struct Texts(pub(in crate::llm) Vec<String>);

impl<'de> Lenient<'de> for Texts {
    fn text(value: Cow<'de, str>) -> Self {
        Self(vec![value.into_owned()])
    }
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Ok(Self(
            List::<Text<'de>>::list(list)?
                .0
                .iter()
                .filter_map(Text::owned)
                .collect(),
        ))
    }
}

lenient!(
    Text<'a>,
    Scalar<'a>,
    Count,
    Integer,
    Number,
    Flag,
    Filled,
    Length,
    Texts
);

/// An object.
#[derive(Debug)]
pub(in crate::llm) struct Object<T>(pub(in crate::llm) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for Object<T> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            .map(|value| Self(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LenientVisitor::<Self>::deserialize(deserializer)
    }
}

/// A list; its first [`LIST_ITEMS`] items are kept.
#[derive(Debug)]
pub(in crate::llm) struct List<T>(pub(in crate::llm) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> List<T> {
    /// The first items of a list, as many as are kept.
    pub(super) fn first<'de, A: SeqAccess<'de>>(list: &mut A) -> Result<Vec<T>, A::Error>
    where
        T: Deserialize<'de>,
    {
        let mut items = Vec::new();
        while items.len() < LIST_ITEMS {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        Ok(items)
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for List<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let items = Self::first(&mut list)?;
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

    #[test]
    fn members_of_an_unexpected_type_are_absent() {
        assert_eq!(read::<Count>(b"\"12\"").expect("json").0, None);
        assert_eq!(read::<Count>(b"12.0").expect("json").0, Some(12));
        assert_eq!(read::<Count>(b"-1").expect("json").0, None);
        assert!(
            read::<Text<'_>>(b"[1,{}]")
                .expect("json")
                .as_str()
                .is_none()
        );
        assert!(read::<List<Count>>(b"{}").expect("json").0.is_empty());
        assert!(read::<Count>(b"[1").is_none());
    }

    #[test]
    fn what_is_refused_is_mended_and_read() {
        let text = |json: &'static [u8]| read::<Text<'_>>(json)?.owned();
        assert_eq!(text(br#""a\ud83d""#).as_deref(), Some("a\u{fffd}"));
        assert_eq!(text(b"\"\xff\"").as_deref(), Some("\u{fffd}"));
        assert!(read::<Filled>(br#""\ud83d""#).expect("json").0);
        let list = read::<List<Number>>(b"[NaN,1.5]").expect("json");
        assert_eq!((list.0[0].0, list.0[1].0), (None, Some(1.5)));
        assert!(read::<Count>(b"nonsense").is_none());
    }
}
