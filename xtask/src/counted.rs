//! Programs that end with a count, as `3 passed, 1 failed, 2 skipped`.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};

use crate::tally::Tally;

/// Before the name of what failed, in a line of its own.
const FAILED: &str = "failed: ";

/// Runs one, shows what it prints, and reads its count; lines that name a failure are kept for the end.
///
/// # Errors
/// If it cannot be run, or ends without a count.
pub fn counted(command: &mut Command) -> Result<Tally> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    let output = child.stdout.take().context("it has no output")?;
    let mut tally = None;
    let mut failures = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.with_context(|| format!("cannot read what {name} prints"))?;
        if let Some(count) = count(&line) {
            tally = Some(count);
        } else if let Some(failure) = line.strip_prefix(FAILED) {
            failures.push(failure.to_owned());
        } else {
            println!("{line}");
        }
    }
    child
        .wait()
        .with_context(|| format!("cannot wait for {name}"))?;
    let tally = tally.with_context(|| format!("{name} ended without a count"))?;
    Ok(Tally { failures, ..tally })
}

/// `3 passed, 1 failed, 2 skipped`.
fn count(line: &str) -> Option<Tally> {
    let mut counts = line.split(", ");
    let mut next = |what: &str| -> Option<u64> {
        let (number, word) = counts.next()?.split_once(' ')?;
        (word == what).then(|| number.parse().ok())?
    };
    Some(Tally::counts(
        next("passed")?,
        next("failed")?,
        next("skipped")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_a_count() {
        let expected = Tally::counts(3, 1, 2);
        assert_eq!(count("3 passed, 1 failed, 2 skipped"), Some(expected));
        assert_eq!(count("curl: 3 made, 3 seen, 3 exact"), None);
    }

    #[test]
    fn failures_are_kept_for_the_end() {
        let lines = "echo holds: a; echo 'failed: b: wrong'; echo 1 passed, 1 failed, 0 skipped";
        let tally = counted(Command::new("sh").args(["-c", lines])).unwrap();
        assert_eq!(tally.failures, ["b: wrong"]);
        assert_eq!((tally.passed, tally.failed), (1, 1));
    }
}
