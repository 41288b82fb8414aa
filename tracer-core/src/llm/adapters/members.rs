//! Members of a JSON text that are searched for without parsing it.
//!
//! A member's name with both of its quotes cannot stand inside a JSON string, where quotes are
//! escaped, so the search never misses one. A string that equals a name is no member: no colon
//! follows it.

use aho_corasick::{Span, packed::Searcher};
use memchr::memmem::{self, Finder};

/// Several members that are searched for at once, in one pass over the text.
#[derive(Debug)]
pub(super) struct Members<const N: usize> {
    names: [&'static str; N],
    /// Where the processor has instructions for it.
    searcher: Option<Searcher>,
}

impl<const N: usize> Members<N> {
    /// Searches for `names`, which carry both of their quotes.
    pub(super) fn new(names: [&'static str; N]) -> Self {
        Self {
            names,
            searcher: Searcher::new(names),
        }
    }

    /// Whether any of the members is there and not null.
    pub(super) fn any_is_set(&self, json: &[u8]) -> bool {
        self.find(json, |_, _| Search::Over) == Search::Over
    }

    /// For each member the text from its value on, if it is there and not null: of the first such.
    pub(super) fn values<'a>(&self, json: &'a [u8]) -> [Option<&'a [u8]>; N] {
        let mut values = [None; N];
        self.find(json, |member, value| {
            if let Some(place) = values.get_mut(member) {
                place.get_or_insert(value);
            }
            Search::GoesOn
        });
        values
    }

    /// Hands each member that is set to `on_member`, with the text from its value on.
    fn find<'a>(
        &self,
        json: &'a [u8],
        mut on_member: impl FnMut(usize, &'a [u8]) -> Search,
    ) -> Search {
        let mut from = 0;
        while let Some((member, end)) = self.next(json, from) {
            from = end;
            if let Some(value) = json.get(end..).and_then(value_behind)
                && on_member(member, value) == Search::Over
            {
                return Search::Over;
            }
        }
        Search::GoesOn
    }

    /// The next name from `from` on: which, and the offset behind it.
    fn next(&self, json: &[u8], from: usize) -> Option<(usize, usize)> {
        if let Some(searcher) = &self.searcher {
            let found = searcher.find_in(json, Span::from(from..json.len()))?;
            return Some((found.pattern().as_usize(), found.end()));
        }
        let rest = json.get(from..)?;
        let places = (0..).zip(&self.names).filter_map(|(member, name)| {
            Some((memmem::find(rest, name.as_bytes())?, member, name.len()))
        });
        let (at, member, length) = places.min()?;
        Some((member, from + at + length))
    }
}

/// Whether a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    GoesOn,
    Over,
}

/// The text from the value of the first member of this name on that is not null.
pub(in crate::llm) fn value_of<'a>(member: &Finder<'_>, json: &'a [u8]) -> Option<&'a [u8]> {
    member
        .find_iter(json)
        .find_map(|at| value_behind(json.get(at + member.needle().len()..)?))
}

/// The text from the value on, behind the name of a member.
fn value_behind(after: &[u8]) -> Option<&[u8]> {
    let value = after
        .trim_ascii_start()
        .strip_prefix(b":")?
        .trim_ascii_start();
    (!value.starts_with(b"null")).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_are_told_from_strings_and_nulls() {
        let stop = Finder::new(r#""stop""#);
        let value = |json: &'static str| value_of(&stop, json.as_bytes());
        assert_eq!(value(r#"{"stop" : 12}"#), Some(&b"12}"[..]));
        assert_eq!(
            value(r#"{"a":{"stop":null},"b":{"stop":"x"}}"#),
            Some(&br#""x"}}"#[..])
        );
        assert_eq!(value(r#"{"text":"stop","say":"\"stop\":1"}"#), None);
    }

    #[test]
    fn several_members_in_one_pass() {
        let members = Members::new([r#""stop""#, r#""usage""#, r#""error""#]);
        let json = br#"{"stop":null,"text":"usage","usage" : {"a":1},"x":{"stop":2},"usage":3}"#;
        assert!(members.any_is_set(json));
        assert_eq!(
            members.values(json),
            [
                Some(&br#"2},"usage":3}"#[..]),
                Some(&br#"{"a":1},"x":{"stop":2},"usage":3}"#[..]),
                None
            ]
        );
        assert!(!members.any_is_set(br#"{"stop":null,"error": null,"text":"usage"}"#));
    }

    proptest! {
        /// With the instructions of the processor and without.
        #[test]
        fn both_searches_find_the_same(parts in proptest::collection::vec(
            prop_oneof![
                Just(r#""stop""#), Just(r#""usage""#), Just(":"), Just("null"), Just("\""), Just(" "),
                Just("stop"), Just("{"), Just("a rather long text between the members"),
            ],
            0..40,
        )) {
            let mut members = Members::new([r#""stop""#, r#""usage""#]);
            let json = parts.concat();
            let found = members.values(json.as_bytes());
            members.searcher = None;
            prop_assert_eq!(found, members.values(json.as_bytes()));
        }
    }
}
