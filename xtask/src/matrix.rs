//! `cargo xtask e2e --matrix`: the table of clients in `docs/reference/clients.md`.

use std::path::Path;

use anyhow::Result;

use crate::{
    conscrypt, counted::counted, e2e, envoy, matrix_python, missing::optional, native_tls, node,
    packages, paths::workspace_root, step, tally::Tally,
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
    optional(native_tls::client())?;
    if let Some(python) = optional(e2e::python_clients())? {
        optional(conscrypt::classes(&python))?;
        optional(envoy::program(&python))?;
    }
    Ok(())
}
