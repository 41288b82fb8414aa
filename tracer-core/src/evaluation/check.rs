//! The names of evaluations.

use std::str::FromStr;

use super::opinion::WORDS;

/// What is looked at: the name of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "see `Check::description`")]
pub enum Check {
    Refusal,
    ContentFilter,
    Guardrail,
    Moderation,
    Judgement,
    StructuredOutput,
    ToolArguments,
    Truncated,
    EmptyAnswer,
    UnansweredToolCall,
    RepeatedCall,
    RepeatedToolCall,
    ToolError,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Refusal,
        Self::ContentFilter,
        Self::Guardrail,
        Self::Moderation,
        Self::Judgement,
        Self::StructuredOutput,
        Self::ToolArguments,
        Self::Truncated,
        Self::EmptyAnswer,
        Self::UnansweredToolCall,
        Self::RepeatedCall,
        Self::RepeatedToolCall,
        Self::ToolError,
    ];

    /// Its name, `gen_ai.evaluation.name`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::ContentFilter => "content_filter",
            Self::Guardrail => "guardrail",
            Self::Moderation => "moderation",
            Self::Judgement => "judgement",
            Self::StructuredOutput => "structured_output",
            Self::ToolArguments => "tool_arguments",
            Self::Truncated => "truncated",
            Self::EmptyAnswer => "empty_answer",
            Self::UnansweredToolCall => "unanswered_tool_call",
            Self::RepeatedCall => "repeated_call",
            Self::RepeatedToolCall => "repeated_tool_call",
            Self::ToolError => "tool_error",
        }
    }

    /// What it says.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Refusal => "The model declined to answer.",
            Self::ContentFilter => {
                "A content filter of the provider found something, in what was asked or in what was answered."
            }
            Self::Guardrail => "What a guardrail did that the request names, or a gateway has.",
            Self::Moderation => {
                "What a moderation API said of a text that the call asked or answered."
            }
            Self::Judgement => {
                "What another call to a model, that was given the answer, says of it: its words look like those of a judge."
            }
            Self::StructuredOutput => {
                "Whether the answer is JSON, and valid against the schema that the request gave."
            }
            Self::ToolArguments => {
                "Whether the arguments of the tools that the model asked for are JSON, and valid against the schemas that the request gave."
            }
            Self::Truncated => "The answer ended at the bound on tokens.",
            Self::EmptyAnswer => {
                "The answer ended by itself, and says nothing: no text, no tool, no media."
            }
            Self::UnansweredToolCall => {
                "The conversation went on without the result of a tool that the model had asked for, or ended."
            }
            Self::RepeatedCall => {
                "The same request was answered a minute ago at most, and is asked again."
            }
            Self::RepeatedToolCall => {
                "The model asks for a tool with arguments that it had asked for in this turn before."
            }
            Self::ToolError => "A tool failed, as its result says or begins like.",
        }
    }

    /// Its labels, `gen_ai.evaluation.score.label`.
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Refusal => &["refused"],
            Self::ContentFilter => &["flagged", "blocked"],
            Self::Guardrail => &["pass", "flagged", "masked", "blocked"],
            Self::Moderation => &["pass", "flagged"],
            Self::Judgement => &WORDS,
            Self::StructuredOutput | Self::ToolArguments => &["pass", "fail"],
            Self::Truncated
            | Self::EmptyAnswer
            | Self::UnansweredToolCall
            | Self::RepeatedCall
            | Self::RepeatedToolCall
            | Self::ToolError => &["fail"],
        }
    }

    /// What its score is, `gen_ai.evaluation.score.value`.
    pub const fn score(self) -> &'static str {
        match self {
            Self::Refusal | Self::ContentFilter => "none",
            Self::Guardrail => "of the only finding that has one",
            Self::Moderation => "of the category that scored highest, where the API scores",
            Self::Judgement => {
                "in the judge's own measure; of statements that were judged one by one, the share of those that hold"
            }
            Self::StructuredOutput => "share of the choices that are valid",
            Self::ToolArguments => "share of the calls that are valid",
            _ => "0",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// No evaluation has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no evaluation `{0}`: see docs/outcomes.md for their names")]
pub struct UnknownCheck(String);

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|check| check.name() == name);
        known.ok_or_else(|| UnknownCheck(name.to_owned()))
    }
}

/// Which evaluations are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks(u32);

impl Checks {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self((1 << Check::ALL.len()) - 1);

    /// Whether this one is made.
    pub const fn has(self, check: Check) -> bool {
        self.0 & check.bit() != 0
    }

    /// Whether none is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Check> for Checks {
    fn from_iter<I: IntoIterator<Item = Check>>(checks: I) -> Self {
        Self(checks.into_iter().fold(0, |all, check| all | check.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for check in Check::ALL {
            assert_eq!(check.name().parse(), Ok(check));
            assert!(Checks::ALL.has(check));
            assert!(!Checks::NONE.has(check));
            assert!(check.description().ends_with('.'));
        }
        assert!("Refusal".parse::<Check>().is_err());
        let two: Checks = [Check::Refusal, Check::ToolError].into_iter().collect();
        assert!(two.has(Check::ToolError) && !two.has(Check::Truncated));
    }
}
