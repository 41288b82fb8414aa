//! A client and a server with rustls built in, once with each cryptography that it comes with.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step};

/// What rustls can encrypt with, as the client names the features.
const CRYPTOGRAPHY: [&str; 2] = ["aws-lc", "ring"];

/// Builds `tests/clients/rustls` with each.
///
/// # Errors
/// [`Missing`] if there is no C compiler, or a package cannot be had.
pub fn clients() -> Result<()> {
    CRYPTOGRAPHY
        .iter()
        .try_for_each(|name| client(name).map(drop))
}

/// Builds `tests/clients/rustls`, its driver included, into `target/e2e/rustls/CRYPTOGRAPHY`, as its lock
/// file says, and returns the path of the client.
///
/// # Errors
/// [`Missing`] if there is no C compiler, or a package cannot be had.
pub fn client(cryptography: &str) -> Result<PathBuf> {
    let source = workspace_root().join("tests/clients/rustls");
    let read = |name: &str| {
        let path = source.join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let wanted = [
        read("Cargo.toml")?,
        read("Cargo.lock")?,
        read("src/main.rs")?,
        read("src/server.rs")?,
        read("src/bin/driver.rs")?,
    ]
    .concat();
    let folder = workspace_root()
        .join("target/e2e/rustls")
        .join(cryptography);
    let client = folder.join("release/rustls-client");
    let stamp = folder.join("client.built");
    if fs::read(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(client);
    }
    packages::apt_install(&["gcc", "libc6-dev"])?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&source)
        .args(["build", "--release", "--locked", "--features", cryptography])
        .arg("--target-dir")
        .arg(&folder);
    step::run_quiet(&mut cargo).map_err(|error| {
        Missing(format!(
            "no client with rustls on {cryptography}: {error:#}"
        ))
    })?;
    fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(client)
}
