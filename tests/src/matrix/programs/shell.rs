//! Programs that a shell asks for their version.

use std::process::Command;

/// A line of shell that prints the two versions.
pub fn versions(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

/// Why a program that should be on the path cannot be run.
pub fn missing(program: &str) -> Option<String> {
    crate::harness::requirements::find_program(program)
        .is_none()
        .then(|| format!("{program} is not installed"))
}
