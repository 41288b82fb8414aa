//! Lists in which the items that matter stand among many others.

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess};

use super::{
    lenient::{Lenient, LenientVisitor},
    values::{LIST_ITEMS, List, Object},
};

/// An item that may have nothing to tell.
pub(in crate::llm) trait Tells {
    /// It has.
    fn tells(&self) -> bool;
}

impl<T: Tells> Tells for Object<T> {
    fn tells(&self) -> bool {
        self.0.as_ref().is_some_and(T::tells)
    }
}

/// A list; its first [`LIST_ITEMS`] items are kept, and of those behind them as many that tell
/// something: a long text does not hide the tool calls behind it.
#[derive(Debug)]
pub(in crate::llm) struct LongList<T>(pub(in crate::llm) Vec<T>);

impl<T> Default for LongList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de> + Tells> Lenient<'de> for LongList<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut items = List::first(&mut list)?;
        while items.len() < 2 * LIST_ITEMS {
            match list.next_element::<T>()? {
                Some(item) if item.tells() => items.push(item),
                Some(_) => {}
                None => return Ok(Self(items)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self(items))
    }
}

impl<'de, T: Deserialize<'de> + Tells> Deserialize<'de> for LongList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LenientVisitor::<Self>::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::values::{Count, read},
        *,
    };

    impl Tells for Count {
        fn tells(&self) -> bool {
            self.0.is_some_and(|count| count > 0)
        }
    }

    #[test]
    fn what_tells_is_kept_behind_much_that_does_not() {
        let kept = |items: &[u8]| {
            let json = format!("{items:?}");
            let list = read::<LongList<Count>>(json.as_bytes()).expect("json").0;
            list.into_iter()
                .filter_map(|item| item.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(kept(&[0, 1, 0]), [0, 1, 0]);
        let long = kept(&[&[0; 300][..], &[7], &[0; 300], &[8]].concat());
        assert_eq!(long.len(), LIST_ITEMS + 2);
        assert!(long.ends_with(&[7, 8]));
        assert_eq!(kept(&[1; 1_000]).len(), 2 * LIST_ITEMS);
    }
}
