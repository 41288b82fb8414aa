//! By what a call left.

use super::{
    rules::{Capture, Decision},
    sample::{KeptFor, Rate},
};

/// By which rule a call left, and why it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Permit {
    /// The rule that decided, if one did.
    pub rule: Option<Box<str>>,
    /// How much it lets out.
    pub capture: Capture,
    /// The part of all traces that are kept by it.
    pub rate: Rate,
    /// Why the call was kept although its trace is not of that part.
    pub kept_for: Option<KeptFor>,
    /// All that it says may leave as it is, and has somewhere to go: so may what others say of it in words
    /// of their own, which may repeat it.
    pub may_be_quoted: bool,
}

impl Permit {
    /// None of what needs no telling: metadata of every call, by no rule.
    pub(super) fn of(
        decision: &Decision<'_>,
        kept_for: Option<KeptFor>,
        may_be_quoted: bool,
    ) -> Option<Box<Self>> {
        let is_plain = decision.rule.is_none()
            && decision.capture == Capture::Metadata
            && decision.rate == Rate::ALL;
        (!is_plain).then(|| {
            Box::new(Self {
                rule: decision.rule.map(Into::into),
                capture: decision.capture,
                rate: decision.rate,
                kept_for,
                may_be_quoted,
            })
        })
    }
}
