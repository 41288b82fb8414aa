//! What a call says that may judge the answer of another one, held until its own answer tells.
//!
//! Who judges asks anew: what is judged stands in the texts of the request, not in an answer before
//! them, and no tool gave it. Of all other requests nothing is held.

use super::model::{Choice, Part};
use crate::evaluation::{Likeness, Opinion};

/// Bytes of the texts of a request; one that says more is not looked at.
const ROOM: usize = 64 << 10;
/// Texts of a request.
const TEXTS: usize = 16;

/// Beginnings of words by which a judgement is asked for, in small letters.
const OF_JUDGING: [&str; 16] = [
    "judg",
    "grad",
    "rate ",
    "rating",
    "scor",
    "evaluat",
    "assess",
    "rubric",
    "criteri",
    "verdict",
    "determine",
    "compar",
    "correct",
    "better",
    "relevan",
    "quality",
];

/// The texts of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Quoting {
    texts: Vec<Box<str>>,
    bytes: usize,
    /// It quotes nothing that is looked for.
    is_over: bool,
}

impl Quoting {
    /// Whether texts are wanted.
    pub(super) const fn wants_texts(&self) -> bool {
        !self.is_over
    }

    /// The request is none that may judge.
    pub(super) fn give_up(&mut self) {
        *self = Self {
            is_over: true,
            ..Self::default()
        };
    }

    /// What somebody asks.
    pub(super) fn asks(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(text) if self.wants_texts() => {
                    self.bytes = self.bytes.saturating_add(text.text().len());
                    let is_whole = text.cut() == 0;
                    if !is_whole || self.bytes > ROOM || self.texts.len() >= TEXTS {
                        return self.give_up();
                    }
                    self.texts.push(text.text().into());
                }
                Part::ToolResponse(_) | Part::Lost => return self.give_up(),
                _ => {}
            }
        }
    }

    /// There is nothing in which something could be quoted.
    pub(super) const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether words of judging stand in it.
    fn asks_for_judgement(&self) -> bool {
        self.texts.iter().any(|text| {
            let text = text.to_ascii_lowercase();
            OF_JUDGING.iter().any(|word| has_word(&text, word))
        })
    }

    /// Bytes that it holds.
    pub(super) const fn held(&self) -> usize {
        self.bytes
    }
}

/// Whether a word of a text begins so.
fn has_word(text: &str, beginning: &str) -> bool {
    let mut places = text.match_indices(beginning);
    places.any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(char::is_alphanumeric)
    })
}

/// What a call asked whose answer is a judgement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judging {
    /// The texts in which the judged answer stands, if it does.
    pub(crate) texts: Vec<Box<str>>,
    /// The judgement.
    pub(crate) opinion: Opinion,
}

impl Judging {
    /// Of the texts of a request and its answer; `None` if that is no judgement.
    pub(super) fn of(asked: Quoting, output: &[Choice]) -> Option<Box<Self>> {
        let [choice] = output else { return None };
        if asked.is_empty() {
            return None;
        }
        let opinion = Opinion::of(&answer(choice)?)?;
        if opinion.likeness == Likeness::Common && !asked.asks_for_judgement() {
            return None;
        }
        Some(Box::new(Self {
            texts: asked.texts,
            opinion,
        }))
    }
}

/// The text of an answer, or the arguments of the only tool that was called in place of it.
fn answer(choice: &Choice) -> Option<String> {
    let mut text = String::new();
    let mut called = None;
    for part in &choice.parts {
        match part {
            Part::Text(said) | Part::Json(said) if said.cut() == 0 => text.push_str(said.text()),
            Part::ToolCall(call) if call.arguments.cut() == 0 && called.is_none() => {
                called = Some(call.arguments.text());
            }
            Part::Reasoning(_) => {}
            _ => return None,
        }
    }
    match called {
        Some(arguments) if text.trim().is_empty() => Some(arguments.to_owned()),
        Some(_) => None,
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_judging_begin_words() {
        for (text, word, is_there) in [
            ("Please rate the answer", "rate ", true),
            ("(rate it)", "rate ", true),
            ("generate json with the label", "rate ", false),
            ("upgrade the library", "grad", false),
            ("what to upgrade, graded", "grad", true),
        ] {
            assert_eq!(has_word(text, word), is_there, "{text}");
        }
    }
}
