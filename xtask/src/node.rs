//! npm packages of the test clients, under `target/e2e`.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step};

/// Installs what the lock file of `tests/clients/NAME` names into `target/e2e/NAME`; returns that
/// folder, which holds `node_modules`.
///
/// # Errors
/// [`Missing`] if there is no Node, or a package cannot be had.
pub fn modules(name: &str) -> Result<PathBuf> {
    let source = workspace_root().join("tests/clients").join(name);
    let folder = workspace_root().join("target/e2e").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let lock = fs::read(source.join("package-lock.json"))
        .with_context(|| format!("cannot read the lock file of the {name} clients"))?;
    let stamp = folder.join("lock.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    if !step::exists("npm", "--version") {
        packages::apt_install(&["nodejs", "npm"])?;
    }
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), folder.join(file))
            .with_context(|| format!("cannot copy {file}"))?;
    }
    let mut npm = Command::new("npm");
    // Until it is written again, tests take the packages for missing.
    let _ = fs::remove_file(&stamp);
    step::run_quiet(
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&folder),
    )
    .map_err(|error| Missing(format!("the {name} clients cannot be installed: {error:#}")))?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}
