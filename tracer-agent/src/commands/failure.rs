//! How a failure is told: one line on standard error, and the exit status.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Error;

use crate::config::{error::ConfigError, policy::PolicyError};

/// 2 if the operator has to change something that was written down, the command line or a setting: to
/// start again would end the same way. Else 1.
pub fn exit_code(error: &Error) -> ExitCode {
    match error.downcast_ref() {
        // The file may be mounted later.
        Some(ConfigError::Unreadable { .. }) => ExitCode::FAILURE,
        Some(_) => ExitCode::from(WRONG_SETTING),
        None => match error.downcast_ref() {
            Some(PolicyError::Bad { .. } | PolicyError::NotUtf8(_)) => {
                ExitCode::from(WRONG_SETTING)
            }
            Some(PolicyError::Unreadable { .. }) | None => ExitCode::FAILURE,
        },
    }
}

/// What clap ends with.
const WRONG_SETTING: u8 = 2;

/// Writes `error: …` and a line feed. There is nobody to tell if that fails.
pub fn tell(error: &Error) {
    let _ = writeln!(io::stderr(), "error: {}", one_line(error));
}

/// What happened, then why, from cause to cause. A cause that the text before it has told already
/// is left out, and a line feed, which messages of the kernel and of libraries may hold, becomes a
/// semicolon.
fn one_line(error: &Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot bind: {0}; choose another")]
    struct Told(#[source] io::Error);

    #[test]
    fn causes_follow_unless_they_were_told() {
        let error = Error::from(io::Error::other("no room")).context("cannot load");
        assert_eq!(one_line(&error), "cannot load: no room");
        let error = Err::<(), _>(Told(io::Error::other("in use"))).context("cannot serve");
        assert_eq!(
            one_line(&error.unwrap_err()),
            "cannot serve: cannot bind: in use; choose another"
        );
    }

    #[test]
    fn lines_become_one() {
        let error = anyhow!("the kernel refuses it:\n 0: exit\n\n bad\n");
        assert_eq!(one_line(&error), "the kernel refuses it:; 0: exit; bad");
    }
}
