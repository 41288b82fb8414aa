//! `cargo xtask e2e --matrix`: the table of clients in `docs/reference/clients.md`.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};

use crate::{
    matrix_python, missing::optional, node, packages, paths::workspace_root, step, tally::Tally,
};

/// Debian packages with programs of the matrix; each set may be missing.
const PACKAGES: [&[&str]; 5] = [
    &["firefox-esr"],
    &["ruby"],
    &["php-cli", "php-curl"],
    &["default-jdk-headless"],
    &[
        "libnetty-java",
        "libnetty-tcnative-java",
        "libnetty-tcnative-jni",
    ],
];

/// Installs what the matrix has beyond the clients of the tests, and runs all past the agent, which is
/// built. With words only those that have one of them in their names.
///
/// # Errors
/// If something cannot be built, or the programs cannot be run at all.
pub fn run(json: Option<&Path>, words: &[String]) -> Result<Tally> {
    prepare()?;
    step::run(step::cargo().args(["build", "--quiet", "--package", "tests", "--bin", "matrix"]))?;
    let mut matrix = step::as_root(&workspace_root().join("target/debug/matrix"));
    if let Some(json) = json {
        matrix.arg("--json").arg(json);
    }
    // A part of the table is not the table.
    if words.is_empty() {
        let page = workspace_root().join("docs/reference/clients.md");
        matrix.arg("--page").arg(page);
    }
    counted(matrix.args(words))
}

fn prepare() -> Result<()> {
    optional(matrix_python::environments())?;
    optional(node::modules("node-matrix"))?;
    for packages in PACKAGES {
        optional(packages::apt_install(packages))?;
    }
    Ok(())
}

/// Runs a command that ends with a count, and reads that.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run the matrix")?;
    let output = child.stdout.take().context("the matrix has no output")?;
    let mut tally = None;
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read what the matrix prints")?;
        match count(&line) {
            Some(count) => tally = Some(count),
            None => println!("{line}"),
        }
    }
    child.wait().context("cannot wait for the matrix")?;
    tally.context("the matrix ended without a count")
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
}
