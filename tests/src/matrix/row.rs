//! What became of the calls of one program.

use serde::{Deserialize, Serialize};

/// A row of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Row {
    /// The program, and the library that it calls by.
    pub program: String,
    /// Their versions, as they say them.
    pub version: String,
    /// Its TLS, as it says it.
    pub tls: String,
    /// How the agent found the functions that it probes.
    pub located_by: String,
    /// Versions of HTTP that its calls were served by.
    pub http: String,
    /// Calls that the provider served.
    pub made: usize,
    /// Calls of these that the agent reported.
    pub seen: usize,
    /// Calls of these that it reported once, every field as served.
    pub exact: usize,
    /// Why not all are, or why there are none.
    pub reason: Option<String>,
}

/// What a row says in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Calls were made, and each was reported exactly.
    Passed,
    /// Something is missing or wrong.
    Failed,
    /// It cannot be had here, or is known not to be seen.
    Skipped,
}

impl Row {
    /// For a program that was not run.
    pub fn absent(program: String, reason: String) -> Self {
        Self {
            program,
            reason: Some(reason),
            ..Self::default()
        }
    }

    /// The outcome of a program that was run.
    pub fn outcome(&self) -> Outcome {
        if self.made > 0 && self.exact == self.made && self.reason.is_none() {
            Outcome::Passed
        } else {
            Outcome::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_calls_has_not_passed() {
        let mut row = Row {
            made: 2,
            seen: 2,
            exact: 2,
            ..Row::default()
        };
        assert_eq!(row.outcome(), Outcome::Passed);
        row.exact = 1;
        assert_eq!(row.outcome(), Outcome::Failed);
        assert_eq!(Row::default().outcome(), Outcome::Failed);
    }
}
