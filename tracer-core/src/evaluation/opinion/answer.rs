//! What a model says that judges the answer of another one: a label, a score, and why.
//!
//! Nobody names such calls on the wire, so the answer has to look like a judgement and like nothing
//! else. Bias: an object with a member that no judge is known to give is something else, and so is a
//! word that is none of [`Word`]'s; judgements in other words are missed.

use super::{line, object, word::Word};

/// What a judge says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Opinion {
    /// As a word.
    pub(crate) label: Option<Word>,
    /// As a number, in the judge's own measure; of several statements that were judged one by one, the
    /// share of those that hold.
    pub(crate) score: Option<f64>,
    /// Why, in its own words.
    pub(crate) reason: Option<Box<str>>,
    /// How much it looks like one.
    pub(crate) likeness: Likeness,
}

/// How much an answer looks like a judgement, and like nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Likeness {
    /// It has a reason, or a name that only judges give.
    #[default]
    Telling,
    /// Who sorts texts, or chooses among them, answers like that: what was asked has to tell.
    Common,
}

impl Opinion {
    /// Reads the text of an answer, or the arguments of a tool that was called in place of one. `None`
    /// if it is no judgement.
    pub(crate) fn of(answer: &str) -> Option<Self> {
        let answer = answer.trim();
        let opinion = match fenced(answer) {
            json if json.starts_with('{') => object::read(json),
            _ => line::read(answer),
        };
        opinion.filter(|opinion| opinion.label.is_some() || opinion.score.is_some())
    }
}

/// The text without the marks of a block of code that holds all of it, or the JSON in it.
fn fenced(answer: &str) -> &str {
    const FENCE: &str = "```";
    let block = answer.strip_prefix(FENCE).or_else(|| {
        let (_, block) = answer.split_once("```json")?;
        Some(block)
    });
    let Some(block) = block else {
        return answer;
    };
    let block = block.strip_prefix("json").unwrap_or(block);
    let inner = block.rsplit_once(FENCE).map_or(block, |(inner, _)| inner);
    inner.trim()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
