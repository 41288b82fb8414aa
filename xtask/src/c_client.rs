//! Clients in C, each of one file of `tests/clients`.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step};

/// How a client is built.
#[derive(Debug)]
pub struct CClient {
    /// Where it goes, under `target/e2e`.
    pub program: &'static str,
    /// Its file in `tests/clients`.
    pub source: &'static str,
    /// For the compiler, behind the source.
    pub options: &'static [&'static str],
    /// Packages beside the compiler that have what it is linked with.
    pub packages: &'static [&'static str],
}

impl CClient {
    /// Builds it, stripped, where it is missing or older than its source, and returns its path.
    ///
    /// # Errors
    /// [`Missing`] if there is no compiler, or nothing to link it with.
    pub fn build(&self) -> Result<PathBuf> {
        let root = workspace_root();
        let source = root.join("tests/clients").join(self.source);
        let program = root.join("target/e2e").join(self.program);
        let stamp = program.with_added_extension("built");
        let wanted =
            fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
        if program.exists() && fs::read(&stamp).is_ok_and(|built| built == wanted) {
            return Ok(program);
        }
        packages::apt_install(&[&["gcc", "libc6-dev"], self.packages].concat())?;
        if let Some(folder) = program.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        step::run_quiet(
            Command::new("gcc")
                .args(["-O2", "-D_GNU_SOURCE", "-s", "-o"])
                .args([&program, &source])
                .args(self.options),
        )
        .map_err(|error| Missing(format!("{} cannot be linked: {error:#}", self.program)))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(program)
    }
}
