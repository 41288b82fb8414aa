//! What a run asserts, one by one, each with its name.

use std::fmt;

/// A thing asserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    name: String,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// Problems of one check that are shown.
const SHOWN: usize = 6;

impl Check {
    /// It holds if there are no problems.
    pub fn of(name: impl Into<String>, problems: &[String]) -> Self {
        let outcome = if problems.is_empty() {
            Outcome::Passed
        } else {
            let shown = problems.iter().take(SHOWN).cloned().collect::<Vec<_>>();
            let more = problems.len() - shown.len();
            let more = (more > 0).then(|| format!("; and {more} more"));
            Outcome::Failed(shown.join("; ") + &more.unwrap_or_default())
        };
        Self {
            name: name.into(),
            outcome,
        }
    }

    /// It could not be tried.
    pub fn skipped(name: impl Into<String>, reason: String) -> Self {
        Self {
            name: name.into(),
            outcome: Outcome::Skipped(reason),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.outcome {
            Outcome::Passed => write!(f, "holds: {name}"),
            Outcome::Failed(why) => write!(f, "failed: {name}: {why}"),
            Outcome::Skipped(why) => write!(f, "skipped: {name}: {why}"),
        }
    }
}

/// `3 passed, 1 failed, 2 skipped`, as `cargo xtask` reads it.
pub fn count(checks: &[Check]) -> String {
    let count =
        |wanted: fn(&Outcome) -> bool| checks.iter().filter(|check| wanted(&check.outcome)).count();
    format!(
        "{} passed, {} failed, {} skipped",
        count(|it| matches!(it, Outcome::Passed)),
        count(|it| matches!(it, Outcome::Failed(_))),
        count(|it| matches!(it, Outcome::Skipped(_)))
    )
}

/// For tests: an error that names all that failed.
///
/// # Errors
/// If something did.
pub fn all_hold(checks: &[Check]) -> anyhow::Result<()> {
    let failed = checks
        .iter()
        .filter(|check| matches!(check.outcome, Outcome::Failed(_)));
    let failed: Vec<String> = failed.map(ToString::to_string).collect();
    anyhow::ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_named_and_counted() {
        let checks = [
            Check::of("a", &[]),
            Check::of("b", &["wrong".to_owned()]),
            Check::skipped("c", "not here".to_owned()),
        ];
        assert_eq!(count(&checks), "1 passed, 1 failed, 1 skipped");
        let error = all_hold(&checks).unwrap_err().to_string();
        assert_eq!(error, "failed: b: wrong");
    }
}
