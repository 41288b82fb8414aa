//! The Pythons of the matrix, each with the newest libraries that it can have, under
//! `target/e2e/matrix`. Beside them stands what is installed, and why something is not.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{paths::workspace_root, step};

const MINORS: std::ops::RangeInclusive<u8> = 8..=13;
/// Packages, and what is installed with each.
const LIBRARIES: [(&str, &[&str]); 8] = [
    ("requests", &["requests"]),
    ("httpx", &["httpx[http2]"]),
    ("aiohttp", &["aiohttp"]),
    ("openai", &["openai", "httpx[http2]"]),
    ("anthropic", &["anthropic", "httpx[http2]"]),
    ("google-genai", &["google-genai"]),
    ("boto3", &["boto3"]),
    ("litellm", &["litellm"]),
];

/// Makes an environment for each Python that is there.
///
/// # Errors
/// If a file cannot be written; what cannot be had is no error.
pub fn environments() -> Result<()> {
    for minor in MINORS {
        let folder = workspace_root().join(format!("target/e2e/matrix/python3.{minor}"));
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        if !is_settled(&folder, "python") {
            settle(&folder, "python", make(&folder, minor))?;
        }
        if !folder.join("python.installed").exists() {
            continue;
        }
        for (name, packages) in LIBRARIES {
            if !is_settled(&folder, name) {
                settle(&folder, name, install(&folder, packages))?;
            }
        }
    }
    Ok(())
}

/// Installed; or known not to be had.
fn is_settled(folder: &Path, what: &str) -> bool {
    ["installed", "missing"]
        .iter()
        .any(|outcome| folder.join(format!("{what}.{outcome}")).exists())
}

fn settle(folder: &Path, what: &str, outcome: Result<()>) -> Result<()> {
    let (name, text) = match outcome {
        Ok(()) => (format!("{what}.installed"), String::new()),
        Err(error) => (format!("{what}.missing"), last_line(&error)),
    };
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn make(folder: &Path, minor: u8) -> Result<()> {
    let python = interpreter(minor).with_context(|| format!("no Python 3.{minor} is installed"))?;
    step::run_quiet(Command::new(python).args(["-m", "venv"]).arg(folder))
}

/// On the path, or where pyenv keeps it.
fn interpreter(minor: u8) -> Option<PathBuf> {
    let name = format!("python3.{minor}");
    if step::exists(&name, "-V") {
        return Some(name.into());
    }
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv")))?;
    let versions = fs::read_dir(root.join("versions")).ok()?.flatten();
    versions
        .map(|version| version.path().join("bin").join(&name))
        .find(|python| python.exists())
}

fn install(folder: &Path, packages: &[&str]) -> Result<()> {
    // Wheels alone: what has none for a Python has no release for it.
    step::run_quiet(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--only-binary", ":all:"])
            .args(packages),
    )
}

/// Tools say last what is wrong.
fn last_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let last = lines.next_back().unwrap_or_default();
    last.trim_start_matches("ERROR: ").to_owned()
}
