//! Counts of tests.

use std::{fmt, iter::Sum};

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Ran, and what they assert holds.
    pub passed: u64,
    /// Ran, and something does not hold.
    pub failed: u64,
    /// Did not run; each has said why.
    pub skipped: u64,
}

impl Tally {
    /// One check, passed or failed.
    pub fn of(result: &anyhow::Result<()>) -> Self {
        let passed = u64::from(result.is_ok());
        Self {
            passed,
            failed: 1 - passed,
            skipped: 0,
        }
    }

    /// One check that could not run.
    pub const SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };
}

/// Prints a count as the last line.
///
/// # Errors
/// If something failed.
pub fn report(tally: Tally) -> anyhow::Result<()> {
    println!("{tally}");
    anyhow::ensure!(tally.failed == 0, "{} tests failed", tally.failed);
    Ok(())
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            passed: sum.passed + tally.passed,
            failed: sum.failed + tally.failed,
            skipped: sum.skipped + tally.skipped,
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
