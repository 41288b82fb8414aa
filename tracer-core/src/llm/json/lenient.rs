//! Types that take what they can use of any JSON value.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A type that takes what it can use of any JSON value, and is its default otherwise.
pub(in crate::llm) trait Lenient<'de>: Default {
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
pub(in crate::llm) struct LenientVisitor<T>(PhantomData<T>);

impl<T> LenientVisitor<T> {
    pub(in crate::llm) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error>
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
pub(in crate::llm) use lenient;
