//! `[evaluations]`: what is found of calls, and who else may say what was.

use tracer_core::evaluation::{Check, Checks, UnknownCheck};

use super::{
    choices::EvaluationPlace,
    error::ConfigError,
    layers::Layers,
    registry as keys,
    setting::{Refusal, Scalar},
};

/// What is found of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationsConfig {
    /// Which evaluations are made.
    pub checks: Checks,
    /// Where they go.
    pub export: EvaluationPlace,
    /// Whether others may post theirs.
    pub receive: bool,
}

/// Takes the section from the strongest sources.
pub(super) fn resolve(layers: &Layers) -> Result<EvaluationsConfig, ConfigError> {
    let checks = layers.get(&keys::EVALUATIONS_CHECKS)?;
    Ok(EvaluationsConfig {
        checks: checks.into_iter().map(|CheckName(check)| check).collect(),
        export: layers.get(&keys::EVALUATIONS_EXPORT)?,
        receive: layers.get(&keys::EVALUATIONS_RECEIVE)?,
    })
}

/// An evaluation by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckName(Check);

impl Scalar for CheckName {
    const VALUE_NAME: &'static str = "CHECK";
    const EXPECTS: &'static str = "the name of an evaluation, such as truncated";
    const EXPECTS_LIST: &'static str = "names of evaluations, such as truncated and refusal";
    const CHOICES: &'static [&'static str] = &[
        "refusal",
        "content_filter",
        "guardrail",
        "moderation",
        "judgement",
        "structured_output",
        "tool_arguments",
        "truncated",
        "empty_answer",
        "unanswered_tool_call",
        "repeated_call",
        "repeated_tool_call",
        "tool_error",
    ];

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let check = text.parse().map(Self);
        check.map_err(|error: UnknownCheck| Refusal(error.to_string()))
    }

    fn to_text(&self) -> String {
        self.0.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_evaluations_can_be_chosen_and_are_by_default() {
        let names: Vec<_> = Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(CheckName::CHOICES, names);
        let default = resolve(&Layers::new([])).unwrap();
        assert_eq!(default.checks, Checks::ALL);
        assert!(!default.receive);
    }
}
