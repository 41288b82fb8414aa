//! Patterns for the values of a fact.

use glob::{MatchOptions, Pattern};

/// Case does not matter, and `*` goes across slashes.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// What stands before a pattern for what must not match.
const NOT: char = '!';

/// Shell patterns: one of them must match, and none of those with `!`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Patterns {
    any_of: Vec<Pattern>,
    none_of: Vec<Pattern>,
}

/// What is known of the values of a fact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'v> {
    /// Those that are known.
    pub(super) known: &'v [&'v str],
    /// There are no others.
    pub(super) is_all: bool,
}

impl Patterns {
    /// Adds a pattern.
    ///
    /// # Errors
    /// If it is none: says why.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let (to, text) = match text.strip_prefix(NOT) {
            Some(rest) => (&mut self.none_of, rest),
            None => (&mut self.any_of, text),
        };
        if text.is_empty() {
            return Err("the pattern is empty: write `*` for anything".to_owned());
        }
        let pattern =
            Pattern::new(text).map_err(|error| format!("`{text}` is no pattern: {}", error.msg))?;
        to.push(pattern);
        Ok(())
    }

    /// Whether a fact matches; `None` if that depends on what is not known.
    pub(super) fn matches(&self, values: Values<'_>) -> Option<bool> {
        let hit = |patterns: &[Pattern]| {
            let mut pairs = values
                .known
                .iter()
                .flat_map(|value| patterns.iter().map(move |pattern| (pattern, value)));
            pairs.any(|(pattern, value)| pattern.matches_with(value, OPTIONS))
        };
        if hit(&self.none_of) {
            return Some(false);
        }
        let is_wanted = self.any_of.is_empty() || hit(&self.any_of);
        let is_sure = values.is_all || is_wanted && self.none_of.is_empty();
        is_sure.then_some(is_wanted)
    }

    /// Whether any of these words could match.
    pub(super) fn can_match(&self, words: &[&str]) -> bool {
        words.iter().any(|word| {
            let values = Values {
                known: &[word],
                is_all: true,
            };
            self.matches(values) == Some(true)
        })
    }

    /// Whether all that `other` matches is matched by these. Biased to no: patterns are compared, not
    /// what they match.
    pub(super) fn cover(&self, other: &Self) -> bool {
        let wanted = |pattern: &Pattern| {
            self.any_of.iter().any(|own| {
                own == pattern
                    || is_plain(pattern) && own.matches_with(pattern.as_str(), OPTIONS)
                    || own.as_str() == "*"
            })
        };
        let is_wide_enough =
            self.any_of.is_empty() || !other.any_of.is_empty() && other.any_of.iter().all(wanted);
        is_wide_enough && self.none_of.iter().all(|own| other.none_of.contains(own))
    }

    /// The patterns as they are written.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let wanted = self
            .any_of
            .iter()
            .map(|pattern| pattern.as_str().to_owned());
        let unwanted = self.none_of.iter();
        wanted.chain(unwanted.map(|pattern| format!("{NOT}{}", pattern.as_str())))
    }
}

fn is_plain(pattern: &Pattern) -> bool {
    !pattern.as_str().contains(['*', '?', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Patterns {
        let mut patterns = Patterns::default();
        for text in texts {
            patterns.add(text).unwrap();
        }
        patterns
    }

    fn judged(texts: &[&str], known: &[&str], is_all: bool) -> Option<bool> {
        patterns(texts).matches(Values { known, is_all })
    }

    #[test]
    fn one_is_enough_and_none_that_is_excluded() {
        assert_eq!(judged(&["gpt-*", "o?"], &["GPT-5"], true), Some(true));
        assert_eq!(
            judged(&["gpt-*", "o?"], &["claude", "o3"], true),
            Some(true)
        );
        assert_eq!(judged(&["gpt-*"], &["claude"], true), Some(false));
        assert_eq!(
            judged(&["gpt-*", "!*-mini"], &["gpt-5-mini"], true),
            Some(false)
        );
        assert_eq!(judged(&["!staging"], &["production"], true), Some(true));
        assert_eq!(judged(&["!staging"], &[], true), Some(true), "absent");
        assert_eq!(judged(&["*"], &[], true), Some(false), "absent");
    }

    #[test]
    fn what_is_not_known_leaves_it_open() {
        assert_eq!(judged(&["gpt-*"], &[], false), None);
        assert_eq!(judged(&["gpt-*"], &["gpt-5"], false), Some(true));
        assert_eq!(judged(&["gpt-*"], &["claude"], false), None);
        assert_eq!(judged(&["gpt-*", "!*mini"], &["gpt-5"], false), None);
        assert_eq!(judged(&["!gpt*"], &["gpt-5"], false), Some(false));
    }

    #[test]
    fn patterns_cover_what_is_plainly_within() {
        let covers = |one: &[&str], other: &[&str]| patterns(one).cover(&patterns(other));
        assert!(covers(&["gpt-*"], &["gpt-5"]));
        assert!(covers(&["a", "b*"], &["b*", "a"]));
        assert!(covers(&["*"], &["b*"]));
        assert!(!covers(&["gpt-5"], &["gpt-*"]));
        assert!(!covers(&["gpt-*"], &["!gpt-5"]));
        assert!(!covers(&["gpt-*", "!gpt-5"], &["gpt-5"]));
        assert!(covers(&["!a"], &["b", "!a"]));
    }

    /// Patterns come from the operator, values from anywhere.
    #[test]
    fn matching_takes_no_time() {
        let value = "a".repeat(10_000);
        assert_eq!(judged(&["*a*a*a*a*a*b"], &[&value], true), Some(false));
    }
}
