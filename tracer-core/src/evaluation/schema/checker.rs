//! Checks what a call answered against the schemas of its request.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::compiled::{Fit, Library};
use crate::{
    correlate::Known,
    evaluation::{
        check::{Check, Checks},
        evaluated::{Evaluation, Label, Target},
    },
    llm::content::{Checkable, Form, Schema},
};

/// Why something is not valid.
const NOT_JSON: &str = "not JSON";
const NOT_VALID: &str = "not valid against the schema";

/// Checks calls, with the schemas that were seen so far.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    library: Library,
}

/// What came of the checks of one kind.
#[derive(Debug, Default)]
struct Score {
    valid: u32,
    invalid: u32,
    reason: Option<&'static str>,
    tool: Option<String>,
    keywords: Vec<String>,
}

impl Checker {
    /// What is found of a call.
    pub(crate) fn check(&mut self, call: &Checkable, checks: Checks) -> Vec<Evaluation> {
        let mut found = Vec::new();
        if checks.has(Check::StructuredOutput) {
            found.extend(self.check_answers(call));
        }
        if checks.has(Check::ToolArguments) {
            found.extend(self.check_calls(call));
        }
        found
    }

    fn check_answers(&mut self, call: &Checkable) -> Option<Evaluation> {
        let (form, answers) = call.answers()?;
        let mut score = Score::default();
        for texts in answers {
            let fit = self.fit_of_parts(texts, form);
            score.add(fit, None);
        }
        let by = match form {
            Form::Json => "json",
            Form::Schema(_) => "json_schema",
        };
        score.evaluation(Check::StructuredOutput, Known::derived(by))
    }

    fn check_calls(&mut self, call: &Checkable) -> Option<Evaluation> {
        let mut score = Score::default();
        for (called, schema) in call.calls() {
            // Some servers leave out what would be empty.
            let arguments = match called.arguments.trim_ascii() {
                "" => "{}",
                arguments => arguments,
            };
            let fit = self.fit(arguments, Some(&schema));
            score.add(fit, Some(&called.name));
        }
        score.evaluation(Check::ToolArguments, Known::derived("tool_schema"))
    }

    /// Some APIs cut an answer into parts, others put one beside it that leads up to it.
    fn fit_of_parts(&mut self, texts: &[Box<str>], form: &Form) -> Result<Fit, NotJson> {
        let schema = match form {
            Form::Json => None,
            Form::Schema(schema) => Some(schema),
        };
        match texts {
            [text] => self.fit(text, schema),
            [.., last] => {
                let whole = texts.concat();
                let fit = self.fit(&whole, schema);
                fit.or_else(|_| self.fit(last, schema))
            }
            [] => Err(NotJson),
        }
    }

    fn fit(&mut self, text: &str, schema: Option<&Schema>) -> Result<Fit, NotJson> {
        let compiled = schema.map(|schema| self.library.get(schema));
        let Some(Some(compiled)) = compiled else {
            let fit = match schema {
                None => Fit::Valid,
                // Of a schema that cannot be checked it is not known.
                Some(_) => Fit::Unknown,
            };
            let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
            return is_json.then_some(fit).ok_or(NotJson);
        };
        let value: Value = serde_json::from_str(text).map_err(|_| NotJson)?;
        Ok(compiled.check(&value, text.len()))
    }
}

/// A text is no JSON.
#[derive(Debug)]
struct NotJson;

impl Score {
    fn add(&mut self, fit: Result<Fit, NotJson>, tool: Option<&str>) {
        let reason = match fit {
            Ok(Fit::Valid) => {
                self.valid += 1;
                return;
            }
            Ok(Fit::Unknown) => return,
            Ok(Fit::Invalid(keyword)) => {
                if !self.keywords.contains(&keyword) {
                    self.keywords.push(keyword);
                }
                NOT_VALID
            }
            Err(NotJson) => NOT_JSON,
        };
        self.invalid += 1;
        self.reason.get_or_insert(reason);
        if self.tool.is_none() {
            self.tool = tool.map(str::to_owned);
        }
    }

    fn evaluation(self, check: Check, known: Known) -> Option<Evaluation> {
        let all = self.valid + self.invalid;
        let label = match self.invalid {
            _ if all == 0 => return None,
            0 => Label::Pass,
            _ => Label::Fail,
        };
        let mut evaluation = Evaluation::new(check, label, known).of(Some(Target::Output));
        evaluation.score = Some(f64::from(self.valid) / f64::from(all));
        evaluation.reason = self.reason;
        evaluation.tool = self.tool;
        for keyword in self.keywords {
            evaluation.add_category(keyword);
        }
        Some(evaluation)
    }
}
