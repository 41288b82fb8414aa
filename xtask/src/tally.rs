//! Counts of tests.

use std::{fmt, iter::Sum};

/// Failures that [`report`] names; the others are in what was printed before.
const NAMED: usize = 40;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Ran, and what they assert holds.
    pub passed: u64,
    /// Ran, and something does not hold.
    pub failed: u64,
    /// Did not run; each has said why.
    pub skipped: u64,
    /// What is known of those that failed, a text each. There may be fewer than failed.
    pub failures: Vec<String>,
}

impl Tally {
    /// One check that passed.
    pub const PASSED: Self = Self::counts(1, 0, 0);

    /// One check that could not run.
    pub const SKIPPED: Self = Self::counts(0, 0, 1);

    /// So many, with nothing said of failures.
    pub const fn counts(passed: u64, failed: u64, skipped: u64) -> Self {
        Self {
            passed,
            failed,
            skipped,
            failures: Vec::new(),
        }
    }

    /// One check, passed or failed.
    pub fn of(what: &str, result: &anyhow::Result<()>) -> Self {
        match result {
            Ok(()) => Self::PASSED,
            Err(error) => Self {
                failures: vec![format!("{what}: {error:#}")],
                ..Self::counts(0, 1, 0)
            },
        }
    }
}

/// Prints what failed, so that the end of a long log tells, and a count as the last line.
///
/// # Errors
/// If something failed.
pub fn report(tally: &Tally) -> anyhow::Result<()> {
    for failure in tally.failures.iter().take(NAMED) {
        println!("failed: {failure}");
    }
    println!("{tally}");
    anyhow::ensure!(tally.failed == 0, "{} tests failed", tally.failed);
    Ok(())
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |mut sum, tally| {
            sum.failures.extend(tally.failures);
            Self {
                passed: sum.passed + tally.passed,
                failed: sum.failed + tally.failed,
                skipped: sum.skipped + tally.skipped,
                failures: sum.failures,
            }
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}
