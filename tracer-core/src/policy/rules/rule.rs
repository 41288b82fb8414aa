//! Rules in their order.

use super::{
    decision::{Capture, Decision},
    fact::{Fact, Subject},
    patterns::Patterns,
};
use crate::policy::{content::ContentFields, sample::Rate};

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) name: String,
    /// All of these must hold.
    pub(super) when: Vec<(Fact, Patterns)>,
    pub(super) outcome: Ruling,
}

/// What a rule says of the calls that it matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ruling {
    pub(super) capture: Capture,
    pub(super) fields: ContentFields,
    pub(super) rate: Rate,
}

/// All rules, and what holds where none of them matches.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) otherwise: Ruling,
}

impl Default for Ruling {
    fn default() -> Self {
        Self {
            capture: Capture::Metadata,
            fields: ContentFields::ALL,
            rate: Rate::ALL,
        }
    }
}

impl Default for Rules {
    /// Metadata of every call.
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            otherwise: Ruling::default(),
        }
    }
}

impl Ruling {
    const fn of<'p>(&self, rule: Option<&'p str>) -> Decision<'p> {
        Decision {
            rule,
            capture: self.capture,
            fields: self.fields,
            rate: self.rate,
            is_cautious: false,
        }
    }
}

impl Rule {
    /// Whether a call is of this rule; `None` if that depends on what is not known of it.
    fn matches(&self, subject: &Subject<'_>) -> Option<bool> {
        let mut known = Some(true);
        for (fact, patterns) in &self.when {
            match subject.judge(*fact, |values| patterns.matches(values)) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = None,
            }
        }
        known
    }
}

impl Rules {
    /// The first rule that matches decides, unless one before it may match and is stricter.
    pub(in crate::policy) fn decide(&self, subject: &Subject<'_>) -> Decision<'_> {
        let mut doubtful: Vec<Decision<'_>> = Vec::new();
        let mut decision = None;
        for rule in &self.rules {
            let of_rule = || rule.outcome.of(Some(&rule.name));
            match rule.matches(subject) {
                Some(false) => {}
                Some(true) => {
                    decision = Some(of_rule());
                    break;
                }
                None => doubtful.push(of_rule()),
            }
        }
        let decision = decision.unwrap_or_else(|| self.otherwise.of(None));
        let doubtful = doubtful.into_iter().rev();
        doubtful.fold(decision, |later, earlier| earlier.or_stricter(later))
    }

    /// What can be said of a call.
    pub(super) fn rulings(&self) -> impl Iterator<Item = &Ruling> {
        let rules = self.rules.iter().map(|rule| &rule.outcome);
        rules.chain([&self.otherwise])
    }

    /// Content of a call may leave.
    pub(in crate::policy) fn want_content(&self) -> bool {
        self.rulings()
            .any(|ruling| ruling.capture.has_content() && !ruling.fields.is_empty())
    }

    /// Some calls are masked.
    pub(in crate::policy) fn mask(&self) -> bool {
        self.rulings()
            .any(|ruling| ruling.capture == Capture::Masked)
    }

    /// Some calls do not leave: what they are part of must follow.
    pub(in crate::policy) fn keep_calls_back(&self) -> bool {
        self.rulings()
            .any(|ruling| ruling.capture == Capture::None || ruling.rate != Rate::ALL)
    }
}
