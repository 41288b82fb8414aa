//! One evaluation, and one of a span that has left.

use super::{
    check::Check,
    opinion::{Opinion, Word},
};
use crate::{
    correlate::{Known, SpanId, TraceId},
    segment::ProcessKey,
    time::Timestamp,
};

/// Words of an explanation: more findings than these are counted, not named.
const CATEGORIES: usize = 16;

/// What was found of one span. Never holds content.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What was looked at.
    pub check: Check,
    /// How it came out; of judgements by models, what they say may be a number alone.
    pub label: Option<Label>,
    /// The same as a number, as [`Check::score`] has it.
    pub score: Option<f64>,
    /// Which side of the call.
    pub target: Option<Target>,
    /// Categories of what was found, in the words of the provider: `violence`, `violence: high`.
    pub categories: Vec<String>,
    /// Why, in words of ours.
    pub reason: Option<&'static str>,
    /// The tool that it is about.
    pub tool: Option<String>,
    /// How it is known.
    pub known: Known,
    /// The trace of another call that it follows from: a moderation, a judge, the same call before. Nothing
    /// of that may leave here that may not leave there.
    pub origin: Option<TraceId>,
}

/// How an evaluation came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Nothing is wrong.
    Pass,
    /// Something is.
    Fail,
    /// The model declined.
    Refused,
    /// Something was found, and let through.
    Flagged,
    /// Something was found and replaced.
    Masked,
    /// Something was found, and nothing let through.
    Blocked,
    /// What a model that judges says.
    Said(Word),
}

impl Label {
    /// Its name, `gen_ai.evaluation.score.label`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Refused => "refused",
            Self::Flagged => "flagged",
            Self::Masked => "masked",
            Self::Blocked => "blocked",
            Self::Said(word) => word.name(),
        }
    }
}

/// Which side of a call was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// What was asked.
    Input,
    /// What was answered.
    Output,
}

impl Target {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

impl Evaluation {
    /// One without score and details.
    pub(crate) const fn new(check: Check, label: Label, known: Known) -> Self {
        Self {
            check,
            label: Some(label),
            score: None,
            target: None,
            categories: Vec::new(),
            reason: None,
            tool: None,
            known,
            origin: None,
        }
    }

    /// That something went wrong that either does or does not.
    pub(crate) const fn fails(check: Check, known: Known) -> Self {
        let mut evaluation = Self::new(check, Label::Fail, known);
        evaluation.score = Some(0.0);
        evaluation
    }

    /// What a model says of an answer.
    pub(crate) fn judged(opinion: &Opinion, known: Known) -> Self {
        let mut evaluation = Self::new(Check::Judgement, Label::Pass, known);
        evaluation.label = opinion.label.map(Label::Said);
        evaluation.score = opinion.score;
        evaluation.of(Some(Target::Output))
    }

    /// It is about this side.
    #[must_use]
    pub(crate) fn of(self, target: Option<Target>) -> Self {
        Self { target, ..self }
    }

    /// Whether it says the same, whoever said it.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        let Self {
            check,
            label,
            score,
            target,
            categories,
            reason,
            tool,
            known,
            origin: _,
        } = self;
        *check == other.check
            && *label == other.label
            && *score == other.score
            && *target == other.target
            && *categories == other.categories
            && *reason == other.reason
            && *tool == other.tool
            && *known == other.known
    }

    /// Another category was found.
    pub(crate) fn add_category(&mut self, category: String) {
        if self.categories.len() < CATEGORIES && !self.categories.contains(&category) {
            self.categories.push(category);
        }
    }

    /// `gen_ai.evaluation.explanation`: the reason, the tool and the categories in one line.
    pub fn explanation(&self) -> Option<String> {
        let mut words = Vec::new();
        words.extend(self.tool.as_deref());
        words.extend(self.reason);
        words.extend(self.categories.iter().map(String::as_str));
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// An evaluation of a span that has left already.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whose span.
    pub process: ProcessKey,
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// The id of the answer that was judged, where the provider gave one.
    pub response_id: Option<String>,
    /// When it was known.
    pub time: Timestamp,
    /// The evaluation.
    pub evaluation: Evaluation,
    /// Why, in the words of a model that judges.
    pub reason: Option<Quoted>,
}

/// Words of a call about the answer of another one: content of the one, and perhaps of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// The words.
    pub text: Box<str>,
    /// The trace of the call that says them.
    pub trace: TraceId,
    /// Its span.
    pub span: SpanId,
}
