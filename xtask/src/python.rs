//! Python environments with pinned packages, under `target/e2e`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step};

/// Makes `target/e2e/NAME` hold the packages of a requirements file; returns its interpreter.
///
/// # Errors
/// [`Missing`] if there is no Python, or a package cannot be had.
pub fn venv(name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = workspace_root().join("target/e2e").join(name);
    let wanted = fs::read(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let (python, stamp) = (
        folder.join("bin/python"),
        folder.join("requirements.installed"),
    );
    if python.exists() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if !step::exists("python3", "-cimport venv, ensurepip") {
        packages::apt_install(&["python3", "python3-venv"])?;
    }
    step::run_quiet(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    step::run_quiet(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-cache-dir",
                "--requirement",
            ])
            .arg(requirements),
    )
    .map_err(|error| Missing(format!("Python packages cannot be installed: {error:#}")))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
