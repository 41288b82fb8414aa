//! Bounds on the strings that a call holds while it is under way.
//!
//! What leaves the core is cut further by its policy; this keeps a hostile peer from making names
//! as large as its bodies.

use super::{
    call::RequestFacts,
    strings::{Bounds, StringKind},
};

/// Bytes kept of one string.
const TEXT_BYTES: usize = 2 << 10;
/// Strings kept of one list.
const ITEMS: usize = 128;

/// The beginning of a string, to be kept.
pub(super) fn kept(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_BYTES);
    text.get(..end).unwrap_or(text).to_owned()
}

/// The facts of a request with all strings bounded.
pub(super) fn clipped(mut facts: RequestFacts) -> RequestFacts {
    facts.bound(&Held);
    facts
}

struct Held;

impl Bounds for Held {
    fn string(&self, text: &mut String, _: StringKind) {
        if text.len() > TEXT_BYTES {
            *text = kept(text);
        }
    }

    fn items(&self, _: StringKind) -> usize {
        ITEMS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::strings::sample::request_of;

    #[test]
    fn strings_are_cut_between_characters_and_lists_in_number() {
        let long = "é".repeat(TEXT_BYTES) + "x";
        let facts = clipped(RequestFacts {
            model: Some(format!("x{long}")),
            stop_sequences: vec![long; 1000],
            ..RequestFacts::default()
        });
        assert_eq!(facts.model.unwrap().len(), TEXT_BYTES - 1);
        assert_eq!(facts.stop_sequences.len(), ITEMS);
        assert_eq!(facts.stop_sequences[0].len(), TEXT_BYTES);
        assert_eq!(kept("short"), "short");
    }

    #[test]
    fn no_string_of_a_request_is_held_in_full() {
        let facts = format!("{:?}", clipped(request_of(&"~".repeat(10_000), 200)));
        let longest = facts.split(|c| c != '~').map(str::len).max();
        assert_eq!(longest, Some(TEXT_BYTES));
        let strings = facts.matches(&"~".repeat(TEXT_BYTES)).count();
        assert!((4 * ITEMS..5 * ITEMS).contains(&strings), "{strings}");
    }
}
