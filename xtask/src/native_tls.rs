//! A client in Rust on the system's libssl, by native-tls.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step};

/// Builds `tests/clients/native-tls` into `target/e2e/native-tls`, as its lock file says.
///
/// # Errors
/// [`Missing`] if there is no C compiler or no OpenSSL to build with, or a package cannot be had.
pub fn client() -> Result<()> {
    let source = workspace_root().join("tests/clients/native-tls");
    let read = |name: &str| {
        let path = source.join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let wanted = [
        read("Cargo.toml")?,
        read("Cargo.lock")?,
        read("src/main.rs")?,
    ]
    .concat();
    let folder = workspace_root().join("target/e2e/native-tls");
    let stamp = folder.join("client.built");
    if fs::read(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    packages::apt_install(&["gcc", "libc6-dev", "libssl-dev", "pkg-config"])?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&source)
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&folder);
    step::run_quiet(&mut cargo)
        .map_err(|error| Missing(format!("no client with native-tls: {error:#}")))?;
    fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
