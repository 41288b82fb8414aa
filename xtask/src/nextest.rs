//! Runs tests with nextest and counts them, those that could not run as well.
//!
//! A test that cannot run prints `skipped: reason` and returns; to nextest it has passed.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use anyhow::{Context as _, Result, ensure};

use crate::{step, tally::Tally};

/// Version that `cargo install` fetches where there is none.
const VERSION: &str = "0.9.143";

/// Runs the tests of a profile in `.config/nextest.toml`, with further arguments.
///
/// # Errors
/// If nextest is missing and cannot be installed, or does not end with a count.
pub fn run(profile: &str, arguments: &[String]) -> Result<Tally> {
    run_with(profile, arguments, &[])
}

/// The same with further variables in the environment of the tests.
///
/// # Errors
/// As for [`run`].
pub fn run_with(profile: &str, arguments: &[String], variables: &[(&str, &str)]) -> Result<Tally> {
    ensure_installed()?;
    let mut child = step::cargo()
        .args(["nextest", "run", "--workspace", "--profile", profile])
        .args(arguments)
        .envs(variables.iter().copied())
        .env("NEXTEST_HIDE_PROGRESS_BAR", "1")
        // Errors name what differs; where the test noticed it is in the test.
        .env("RUST_LIB_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run cargo nextest")?;
    let output = child.stderr.take().context("nextest has no output")?;
    let mut count = Count::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read what nextest prints")?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        count.line(&line);
    }
    let status = child.wait().context("cannot wait for nextest")?;
    let tally = count
        .summary
        .context("nextest ended without a count: the tests do not build")?;
    ensure!(
        status.success() || tally.failed > 0,
        "nextest failed ({status})"
    );
    Ok(Tally {
        passed: tally.passed.saturating_sub(count.skipped),
        skipped: count.skipped,
        failures: count.failures,
        ..tally
    })
}

fn ensure_installed() -> Result<()> {
    let version = step::cargo().args(["nextest", "--version"]).output();
    if version.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    println!("installing cargo-nextest");
    step::run(step::cargo().args(["install", "--locked", "cargo-nextest", "--version", VERSION]))
}

/// Reads nextest's lines.
#[derive(Default)]
struct Count {
    skipped: u64,
    failures: Vec<String>,
    now: Where,
    summary: Option<Tally>,
}

/// In which part of nextest's output a line is.
#[derive(Default, PartialEq, Eq)]
enum Where {
    #[default]
    Elsewhere,
    /// What a failed test printed.
    Failure,
    /// What it said of itself.
    Reason,
}

/// Of the reason of a failure, so much is kept, in bytes.
const KEPT: usize = 1000;

impl Count {
    fn line(&mut self, line: &str) {
        let line = line.trim();
        if let Some((status, test)) = outcome(line) {
            let failed = !matches!(status, "PASS" | "LEAK" | "SLOW");
            self.now = if failed {
                Where::Failure
            } else {
                Where::Elsewhere
            };
            // Told when it happens, and again at the end.
            if failed && !self.failures.iter().any(|it| it.starts_with(test)) {
                self.failures.push(test.to_owned());
            }
        } else if line == "stderr ───" && self.now == Where::Failure {
            self.now = Where::Reason;
        } else if let Some(failure) = self.failures.last_mut()
            && self.now == Where::Reason
            && !line.is_empty()
            && failure.len() < KEPT
        {
            failure.push_str("\n    ");
            failure.push_str(line);
        }
        if line.starts_with("skipped: ") {
            self.skipped += 1;
        } else if let Some(counts) = line
            .strip_prefix("Summary ")
            .and_then(|rest| rest.split_once(" run: "))
        {
            self.summary = Some(summary(counts.1));
        }
    }
}

/// `FAIL [   1.439s] tests::e2e large::one`: how a test ended, and its name.
fn outcome(line: &str) -> Option<(&str, &str)> {
    let (status, rest) = line.split_once(" [")?;
    let (seconds, test) = rest.split_once("s] ")?;
    let is_outcome = status
        .chars()
        .all(|it| it.is_ascii_uppercase() || it == '-')
        && seconds.trim().parse::<f64>().is_ok();
    is_outcome.then(|| {
        (
            status,
            test.trim_start_matches(|it| "() /0123456789".contains(it)),
        )
    })
}

/// `12 passed (1 slow), 1 failed, 2 timed out, 3 skipped`: those filtered out are nobody's tests here.
fn summary(counts: &str) -> Tally {
    let mut tally = Tally::default();
    for count in counts.split(", ") {
        let Some((number, what)) = count.split_once(' ') else {
            continue;
        };
        let number = number.parse::<u64>().unwrap_or(0);
        if what.starts_with("passed") {
            tally.passed += number;
        } else if !what.starts_with("skipped") {
            tally.failed += number;
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_counted() {
        let mut count = Count::default();
        for line in [
            "        PASS [   0.014s] tests::e2e_clients curl",
            "  stdout ───",
            "    skipped: no root",
            "        FAIL [   1.439s] tests::e2e large::one",
            "  stdout ───",
            "    test large::one ... FAILED",
            "  stderr ───",
            "    Error: 2 differences",
            "",
            "        PASS [  11.174s] tests::e2e large::other",
            "  stderr ───",
            "    thread 'x' panicked as it should",
            "  TIMEOUT [ 300.001s] tests::e2e large::slow",
            "        SLOW [  41.895s] ( 968/1046) tests::e2e large::long",
            "     Summary [   0.1s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 30 skipped",
            "        FAIL [   1.439s] tests::e2e large::one",
        ] {
            count.line(line);
        }
        assert_eq!(count.skipped, 1);
        assert_eq!(
            count.summary,
            Some(Tally {
                passed: 7,
                failed: 2,
                ..Tally::default()
            })
        );
        assert_eq!(
            count.failures,
            [
                "tests::e2e large::one\n    Error: 2 differences",
                "tests::e2e large::slow"
            ]
        );
    }
}
