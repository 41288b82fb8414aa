//! What this machine lacks and cannot be given: a reason to skip a test, not to fail it.

use std::fmt;

use anyhow::Result;

use crate::tally::Tally;

/// Something that is not here and could not be installed. The first line says what; lines after it
/// say how to get it.
#[derive(Debug)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// What was asked for; or nothing, after saying why, where something is missing.
///
/// # Errors
/// For every other failure.
pub fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => {
            println!("not here: {error:#}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A count; or `tests` skipped ones, after saying why, where something is missing.
///
/// # Errors
/// For every other failure.
pub fn or_skipped(tests: u64, result: Result<Tally>) -> Result<Tally> {
    match result {
        Err(error) if is_missing(&error) => {
            println!("skipped: {error:#}");
            Ok(Tally {
                skipped: tests,
                ..Tally::default()
            })
        }
        result => result,
    }
}

/// Whether this, or what stands behind it, is that something is missing.
pub fn is_missing(error: &anyhow::Error) -> bool {
    error.is::<Missing>()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn what_is_missing_is_found_behind_what_was_tried() {
        let missing = anyhow::Error::new(Missing("no qemu".to_owned()));
        assert!(is_missing(&missing.context("cannot boot")));
        assert!(!is_missing(&anyhow!("it does not build")));
        assert!(or_skipped(2, Err(anyhow!("it does not build"))).is_err());
    }
}
