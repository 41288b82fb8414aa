//! What is to be checked of a call, held until it was.

use super::{
    model::{Choice, Part},
    tool,
    wanted::{Form, Schema, Wanted},
};

/// Choices and calls of tools of one answer that are checked.
const CHECKED: usize = 32;

/// Texts of an answer beside the schemas that they shall be valid against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkable {
    wanted: Wanted,
    /// Each choice that says something: its parts.
    answers: Vec<Vec<Box<str>>>,
    calls: Vec<Called>,
}

/// A tool that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Box<str>,
}

impl Checkable {
    /// What of an answer can be checked; `None` if nothing.
    pub(super) fn of(wanted: Wanted, output: &[Choice]) -> Option<Box<Self>> {
        if wanted.is_empty() {
            return None;
        }
        let answers = output.iter().filter_map(texts).take(CHECKED);
        let parts = output.iter().flat_map(|choice| &choice.parts);
        let calls = parts.filter_map(called).take(CHECKED);
        let (answers, calls) = (
            wanted.output.iter().flat_map(|_| answers.clone()).collect(),
            wanted.tools.iter().flat_map(|_| calls.clone()).collect(),
        );
        let checkable = Self {
            wanted,
            answers,
            calls,
        };
        let is_any = !checkable.answers.is_empty() || !checkable.calls.is_empty();
        is_any.then(|| Box::new(checkable))
    }

    /// The form that answers shall have, and their parts.
    pub(crate) fn answers(&self) -> Option<(&Form, &[Vec<Box<str>>])> {
        Some((self.wanted.output.as_ref()?, &self.answers))
    }

    /// Tools that were asked for, and the schemas that the request gave for them.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&Called, Schema)> {
        let calls = self.calls.iter();
        calls.filter_map(|called| {
            let tools = self.wanted.tools.as_ref()?;
            Some((called, tool::schema(tools, &called.name)?))
        })
    }
}

/// The texts of a choice; `None` where they are no answer in the form that was asked for, or not all
/// there.
fn texts(choice: &Choice) -> Option<Vec<Box<str>>> {
    let mut texts: Vec<Box<str>> = Vec::new();
    for part in &choice.parts {
        match part {
            Part::Text(text) | Part::Json(text) if text.cut() == 0 => {
                texts.push(text.text().into());
            }
            Part::Text(_) | Part::Json(_) | Part::Refusal(_) | Part::Lost => return None,
            // It goes on when the tool has given something.
            Part::ToolCall(_) => return None,
            _ => {}
        }
    }
    (!texts.is_empty()).then_some(texts)
}

fn called(part: &Part) -> Option<Called> {
    let Part::ToolCall(call) = part else {
        return None;
    };
    let is_whole = call.arguments.cut() == 0;
    Some(Called {
        name: call.name.as_deref().filter(|_| is_whole)?.into(),
        arguments: call.arguments.text().into(),
    })
}
