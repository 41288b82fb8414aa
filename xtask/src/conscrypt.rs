//! Conscrypt, which gives Java the TLS of BoringSSL: out of a Python package that brings Java libraries
//! along.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{packages, paths::workspace_root, step, wheel::unpack};

const PACKAGE: &str = "hail==0.2.139";
const ARCHIVE: &str = "hail/backend/hail-all-spark.jar";
/// What is taken from it.
const PARTS: [&str; 2] = [
    "org/conscrypt",
    "META-INF/native/libconscrypt_openjdk_jni-linux-x86_64.so",
];

/// Puts its classes and its library for this machine into `target/e2e/conscrypt`, which can be a class
/// path, and returns that.
///
/// # Errors
/// [`Missing`](crate::missing::Missing) if a package cannot be had.
pub fn classes(python: &Path) -> Result<PathBuf> {
    let folder = workspace_root().join("target/e2e/conscrypt");
    let stamp = folder.join("package.unpacked");
    if fs::read(&stamp).is_ok_and(|unpacked| unpacked == PACKAGE.as_bytes()) {
        return Ok(folder);
    }
    packages::apt_install(&["default-jdk-headless"])?;
    let package = folder.join("package");
    unpack(python, PACKAGE, "any", &package)?;
    step::run_quiet(
        Command::new("jar")
            .current_dir(&folder)
            .arg("xf")
            .arg(package.join(ARCHIVE))
            .args(PARTS),
    )?;
    // A hundred times as much as is used.
    fs::remove_dir_all(&package).with_context(|| format!("cannot remove {}", package.display()))?;
    fs::write(&stamp, PACKAGE).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}
