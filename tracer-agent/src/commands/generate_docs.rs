//! `generate-docs`: the reference pages.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use crate::docs;

/// Writes every page into a directory, which is made if need be.
pub fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let cannot = |path: &Path| {
        format!(
            "cannot write {}: check the path and its permissions",
            path.display()
        )
    };
    fs::create_dir_all(directory).with_context(|| cannot(directory))?;
    for (name, text) in docs::pages() {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| cannot(&path))?;
    }
    Ok(ExitCode::SUCCESS)
}
