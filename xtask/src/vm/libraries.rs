//! The libraries that a program maps.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use super::programs::Carried;

/// Where libraries are in the tree of an arm64 system.
const FOLDERS: [&str; 2] = ["lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu"];

/// Of a program of this system, as its loader finds them.
pub fn of_host(program: &Path) -> anyhow::Result<Vec<Carried>> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .context("cannot run ldd")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        if format!("{text}{error}").contains("not a dynamic executable") {
            return Ok(Vec::new());
        }
        bail!("ldd failed: {}", error.trim());
    }
    let carried = |path: PathBuf| Carried {
        guest: path.clone(),
        host: path,
    };
    Ok(text.lines().filter_map(library).map(carried).collect())
}

/// The path in a line of ldd: `libc.so.6 => /lib/libc.so.6 (0x…)` or `/lib64/ld-linux.so.2 (0x…)`.
fn library(line: &str) -> Option<PathBuf> {
    let (_, path) = line.split_once("=>").unwrap_or(("", line));
    let path = path.split_whitespace().next()?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// Of a program for another machine, whose packages are unpacked in a tree.
pub fn in_tree(program: &Path, tree: &Path) -> anyhow::Result<Vec<Carried>> {
    let mut found = BTreeMap::new();
    let mut wanted = needed(program)?;
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let path = FOLDERS
            .map(|folder| tree.join(folder).join(&name))
            .into_iter()
            .find(|path| path.exists())
            .with_context(|| format!("no {name} in {}", tree.display()))?;
        wanted.extend(needed(&path)?);
        found.insert(name, path);
    }
    let carried = |(name, host): (String, PathBuf)| {
        let loader = name.starts_with("ld-linux");
        let folder = if loader {
            "/lib"
        } else {
            "/lib/aarch64-linux-gnu"
        };
        Carried {
            guest: Path::new(folder).join(name),
            host,
        }
    };
    Ok(found.into_iter().map(carried).collect())
}

/// Names of the libraries that a file asks for, and of its loader.
fn needed(file: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("readelf")
        .args(["--wide", "--dynamic", "--program-headers"])
        .arg(file)
        .output()
        .context("cannot run readelf: install binutils")?;
    ensure!(
        output.status.success(),
        "readelf refuses {}",
        file.display()
    );
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(needed_name).collect())
}

/// `… (NEEDED) Shared library: [libc.so.6]` or `[Requesting program interpreter: /lib/ld.so.1]`.
fn needed_name(line: &str) -> Option<String> {
    let loader = line.split_once("program interpreter: ");
    let library = line.split_once("Shared library: [");
    let (_, rest) = loader.or(library)?;
    let (path, _) = rest.split_once(']')?;
    path.rsplit('/').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ldd_are_read() {
        let path = |line| library(line).map(|path| path.display().to_string());
        assert_eq!(
            path("\tlibssl.so.3 => /lib/libssl.so.3 (0x00007f00)").as_deref(),
            Some("/lib/libssl.so.3")
        );
        assert_eq!(
            path("\t/lib64/ld-linux-x86-64.so.2 (0x00007f00)").as_deref(),
            Some("/lib64/ld-linux-x86-64.so.2")
        );
        assert_eq!(path("\tlinux-vdso.so.1 (0x00007f00)"), None);
        assert_eq!(path("\tlibgone.so => not found"), None);
    }

    #[test]
    fn lines_of_readelf_are_read() {
        let line = " 0x0000000000000001 (NEEDED)   Shared library: [libssl.so.3]";
        assert_eq!(needed_name(line).as_deref(), Some("libssl.so.3"));
        let line = "      [Requesting program interpreter: /lib/ld-linux-aarch64.so.1]";
        assert_eq!(needed_name(line).as_deref(), Some("ld-linux-aarch64.so.1"));
        assert_eq!(needed_name("  LOAD  0x000000 0x0000"), None);
    }
}
