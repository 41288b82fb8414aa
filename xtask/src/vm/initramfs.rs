//! What the guest boots into: busybox, the programs under test with their libraries, and a script.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use super::archive::Archive;

/// The first process of the guest; it says on the second serial port what happened.
const INIT: &str = include_str!("init.sh");

/// The programs that the guest runs, built on the host.
#[derive(Debug)]
pub struct Programs {
    /// A static busybox.
    pub busybox: PathBuf,
    /// The agent.
    pub agent: PathBuf,
    /// The load client on the system libssl.
    pub load: PathBuf,
    /// The load client without TLS, with its own server.
    pub plain: PathBuf,
    /// The provider.
    pub server: PathBuf,
}

/// Builds the archive.
pub fn build(programs: &Programs) -> anyhow::Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.console()?;
    for mount_point in ["/proc", "/sys", "/tmp", "/run", "/etc", "/root"] {
        archive.directory(Path::new(mount_point))?;
    }
    archive.program(Path::new("/init"), INIT.as_bytes())?;
    archive.program(Path::new("/bin/busybox"), &read(&programs.busybox)?)?;
    archive.symlink(Path::new("/bin/sh"), "busybox")?;

    let mut libraries = Vec::new();
    for (name, path) in [
        ("tracer-agent", &programs.agent),
        ("load", &programs.load),
        ("plain", &programs.plain),
        ("bench-server", &programs.server),
    ] {
        archive.program(&Path::new("/bin").join(name), &stripped(path)?)?;
        libraries.extend(libraries_of(path)?);
    }
    libraries.sort();
    libraries.dedup();
    for library in &libraries {
        archive.program(library, &read(library)?)?;
    }
    archive.finish()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The file without its debug information, which would only fill the guest's memory.
fn stripped(path: &Path) -> anyhow::Result<Vec<u8>> {
    let output = path.with_extension("stripped");
    let status = Command::new("strip")
        .arg("--strip-debug")
        .arg("-o")
        .arg(&output)
        .arg(path)
        .status();
    let contents = match status {
        Ok(status) if status.success() => read(&output)?,
        // Without binutils the guest carries the whole file.
        _ => return read(path),
    };
    fs::remove_file(&output)?;
    Ok(contents)
}

/// Paths of the libraries and of the loader that a program maps, none for a static one.
fn libraries_of(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
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
        bail!("ldd {} failed: {}", program.display(), error.trim());
    }
    Ok(text.lines().filter_map(library).collect())
}

/// The path in a line of ldd: `libc.so.6 => /lib/libc.so.6 (0x…)` or `/lib64/ld-linux.so.2 (0x…)`.
fn library(line: &str) -> Option<PathBuf> {
    let (_, path) = line.split_once("=>").unwrap_or(("", line));
    let path = path.split_whitespace().next()?;
    path.starts_with('/').then(|| PathBuf::from(path))
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
}
