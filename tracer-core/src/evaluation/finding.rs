//! What filters, guardrails and moderation say that they found, as adapters read it.

use super::{
    check::Check,
    evaluated::{Evaluation, Label, Target},
};
use crate::correlate::Known;

/// Findings of one answer that are kept.
const KEPT: usize = 64;
/// Bytes of the name of a category.
const NAME_BYTES: usize = 64;

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Who found it.
    pub detector: Detector,
    /// Where.
    pub target: Option<Target>,
    /// Of several [judgements](Findings::judged), which.
    pub item: usize,
    /// The kind, in the provider's words: `violence`, `HARM_CATEGORY_HARASSMENT`, `EMAIL`.
    pub category: String,
    /// How bad, in the provider's words: `high`.
    pub severity: Option<String>,
    /// How sure or how bad as a number.
    pub score: Option<f64>,
    /// What was done.
    pub action: Action,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detector {
    /// The model, which says why it declines.
    Model,
    /// A filter that the provider runs by itself.
    Filter,
    /// A guardrail that the request names.
    Guardrail,
    /// A moderation API.
    Moderation,
}

/// What was done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It was told.
    Flagged,
    /// What was found was replaced.
    Masked,
    /// Nothing was let through.
    Blocked,
}

/// What a moderation API says of one input.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judged {
    /// Which side of the call, where it is judged beside the answer.
    pub target: Option<Target>,
    /// Something was found; `None` if it does not say.
    pub is_flagged: Option<bool>,
    /// Of the category that scored highest.
    pub score: Option<f64>,
}

/// All of one answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// What was found.
    pub found: Vec<Finding>,
    /// Inputs that a moderation API judged, in order.
    pub judged: Vec<Judged>,
    /// A guardrail was at work.
    pub guarded: bool,
    /// It says that it stepped in, beside what the answer says of its end.
    pub intervened: bool,
    /// Guardrails that ran, by the operator's names, where only that is told.
    pub applied: Vec<String>,
    /// What told of guardrails, where it is not the provider's trace.
    pub told_by: Option<&'static str>,
}

impl Findings {
    /// Takes one more, unless it was told before.
    pub(crate) fn add(&mut self, finding: Finding) {
        let is_same = |known: &&mut Finding| {
            known.detector == finding.detector
                && known.target == finding.target
                && known.item == finding.item
                && known.category == finding.category
        };
        if let Some(known) = self.found.iter_mut().find(is_same) {
            // A stream tells of the text so far, again and again.
            if finding.action >= known.action {
                *known = finding;
            }
        } else if self.found.len() < KEPT {
            self.found.push(finding);
        }
    }

    /// A guardrail ran.
    pub(crate) fn apply(&mut self, guardrail: &str) {
        if self.applied.len() < KEPT {
            self.applied.push(name(guardrail));
        }
    }

    /// The next input was judged.
    pub(crate) fn judge(&mut self, judged: Judged) {
        if self.judged.len() < KEPT {
            self.judged.push(judged);
        }
    }

    /// What a moderation API says of one of its inputs, as an evaluation of who said it.
    pub(crate) fn evaluation(&self, item: usize, known: Known) -> Option<Evaluation> {
        let judged = self.judged.get(item)?;
        let label = match judged.is_flagged? {
            true => Label::Flagged,
            false => Label::Pass,
        };
        let mut evaluation = Evaluation::new(Check::Moderation, label, known);
        evaluation.score = judged.score;
        let of_item =
            |found: &&Finding| found.detector == Detector::Moderation && found.item == item;
        for found in self.found.iter().filter(of_item) {
            evaluation.add_category(found.words());
        }
        Some(evaluation)
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Finding {
    /// Something of this kind.
    pub(crate) fn new(detector: Detector, category: &str, action: Action) -> Self {
        Self {
            detector,
            target: None,
            item: 0,
            category: name(category),
            severity: None,
            score: None,
            action,
        }
    }

    /// It was found here.
    #[must_use]
    pub(crate) fn of(self, target: Option<Target>) -> Self {
        Self { target, ..self }
    }

    /// It is this bad.
    #[must_use]
    pub(crate) fn with_severity(self, severity: Option<&str>) -> Self {
        Self {
            severity: severity.map(name),
            ..self
        }
    }

    /// The category with its severity, or where a guardrail has none with its score.
    pub(crate) fn words(&self) -> String {
        match (&self.severity, self.score) {
            (Some(severity), _) => format!("{}: {severity}", self.category),
            (None, Some(score)) if self.detector == Detector::Guardrail => {
                format!("{}: {score}", self.category)
            }
            (None, _) => self.category.clone(),
        }
    }
}

/// A word of the provider's: of what is no word nothing is kept, since it may be a text.
fn name(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-./:@ ".contains(c);
    if text.len() <= NAME_BYTES && text.chars().all(is_word) {
        text.to_owned()
    } else {
        "other".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_tells_the_same_again() {
        let mut findings = Findings::default();
        for (severity, action) in [("low", Action::Flagged), ("high", Action::Blocked)] {
            let found = Finding::new(Detector::Filter, "hate", action);
            findings.add(found.with_severity(Some(severity)));
        }
        assert_eq!(findings.found.len(), 1);
        assert_eq!(findings.found[0].words(), "hate: high");
    }

    #[test]
    fn what_is_no_word_is_not_kept() {
        let found = |category| Finding::new(Detector::Filter, category, Action::Flagged).category;
        assert_eq!(found("self-harm/intent"), "self-harm/intent");
        assert_eq!(found("a \"text\""), "other");
        assert_eq!(found(&"x".repeat(65)), "other");
    }
}
