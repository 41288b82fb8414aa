//! .NET, by release: where its runtime is, and which OpenSSL it loads.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::requirements::{bundled_libssl, workspace_root};

/// A release of the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dotnet {
    /// 3.1, one runtime for all programs. It knows no OpenSSL but 1.1.
    Core,
    /// 9.0, inside the folder of the program, with the system's OpenSSL.
    Newer,
}

impl Dotnet {
    /// Why it is not there, and what to do.
    pub fn missing(self) -> Option<String> {
        let there = match self {
            Self::Core => core().exists() && program().exists() && bundled_libssl(OLD).is_some(),
            // Ours is put there when all else is.
            Self::Newer => newer().exists() && program().exists(),
        };
        (!there).then(|| "no .NET: run cargo xtask setup".to_owned())
    }

    /// The program of `tests/clients/dotnet`.
    ///
    /// # Errors
    /// If its OpenSSL cannot be put where the runtime finds it.
    pub fn command(self, words: &[&str]) -> Result<Command> {
        let mut command = match self {
            Self::Core => {
                let mut command = Command::new(core());
                command.arg(program());
                command.env("LD_LIBRARY_PATH", old_openssl()?);
                command
            }
            Self::Newer => Command::new(newer()),
        };
        command
            .args(words)
            .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
        Ok(command)
    }
}

/// A release of OpenSSL that 3.1 knows.
const OLD: &str = "1.1.1";

fn folder() -> PathBuf {
    workspace_root().join("target/e2e/dotnet")
}

fn core() -> PathBuf {
    folder().join("3.1/dotnetcore2/bin/dotnet")
}

fn newer() -> PathBuf {
    folder().join("node_modules/@azure/mcp-linux-x64/dist/azmcp")
}

fn program() -> PathBuf {
    folder().join("client.dll")
}

/// Folders to search for libraries: one with the name by which the runtime asks, and one with what that
/// library needs in turn, for packages rename what they bundle.
fn old_openssl() -> Result<String> {
    let library = bundled_libssl(OLD).context("no OpenSSL 1.1.1")?;
    let named = folder().join("openssl");
    fs::create_dir_all(&named).with_context(|| format!("cannot create {}", named.display()))?;
    let link = named.join("libssl.so.1.1");
    if !link.exists() {
        let _ = fs::remove_file(&link);
        symlink(&library, &link).with_context(|| format!("cannot create {}", link.display()))?;
    }
    let beside = library.parent().unwrap_or(Path::new("/"));
    Ok(format!("{}:{}", named.display(), beside.display()))
}
