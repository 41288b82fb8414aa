//! The programs of the benchmark, built as they would be shipped.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use super::runtimes;
use crate::{packages::apt_install, paths::workspace_root, step};

/// Builds the provider, and returns its path.
pub fn server() -> Result<PathBuf> {
    of_tests("bench-server")
}

/// Builds the program that loads by real runtimes, and returns its path.
pub fn runtimes() -> Result<PathBuf> {
    of_tests(runtimes::NAME)
}

/// Builds the provider of the end-to-end tests, which writes down what it served, and returns its path.
pub fn local_provider() -> Result<PathBuf> {
    of_tests("local-provider")
}

fn of_tests(name: &str) -> Result<PathBuf> {
    let arguments = ["build", "--release", "--package", "tests", "--bin", name];
    step::run(step::cargo().args(arguments))?;
    Ok(release(name))
}

/// Builds the load client on the system's libssl, and returns its path.
pub fn load() -> Result<PathBuf> {
    if !step::exists("cc", "--version") || !PathBuf::from("/usr/include/openssl/ssl.h").exists() {
        apt_install(&["gcc", "libc6-dev", "libssl-dev"])?;
    }
    let output = release("load");
    let sources = workspace_root().join("tests/bench");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O2", "-Wall", "-o"])
        .arg(&output)
        .args(["load.c", "traffic.c"].map(|name| sources.join(name)))
        .args(["-lssl", "-lcrypto", "-lpthread"]);
    step::run(&mut compiler)?;
    Ok(output)
}

/// Builds the load on sockets and system calls, and returns its path.
pub fn bystanders() -> Result<PathBuf> {
    compiled("sockets")
}

/// Builds the load client without TLS, and returns its path.
pub fn plain() -> Result<PathBuf> {
    compiled("plain")
}

/// A program of one file that needs nothing but the system.
fn compiled(name: &str) -> Result<PathBuf> {
    let output = release(name);
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O2", "-Wall", "-o"])
        .arg(&output)
        .arg(workspace_root().join(format!("tests/bench/{name}.c")));
    step::run(&mut compiler)?;
    Ok(output)
}

fn release(name: &str) -> PathBuf {
    workspace_root().join("target/release").join(name)
}
