//! Debian packages, installed when that may be done without asking anybody.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Once,
};

use anyhow::{Result, bail};

use crate::missing::Missing;

/// Whether `apt-get install` can be run: root on a Debian-like system.
pub fn can_apt() -> bool {
    // SAFETY: takes nothing and cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    root && Path::new("/usr/bin/apt-get").exists()
}

/// Installs packages that are missing; refreshes the package lists once if needed.
///
/// # Errors
/// [`Missing`] if a package cannot be had; the error names the command.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !can_apt() {
        let names = missing.join(" ");
        bail!(Missing(format!(
            "missing packages; run: apt-get install {names}"
        )));
    }
    static UPDATED: Once = Once::new();
    UPDATED.call_once(|| {
        // A failure shows in the installation that follows.
        let _ = apt().args(["update", "-qq"]).status();
    });
    let status = apt()
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(&missing)
        .stdout(Stdio::null())
        .status();
    let why = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let names = missing.join(" ");
    bail!(Missing(format!("apt-get install {names} failed: {why}")))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}
