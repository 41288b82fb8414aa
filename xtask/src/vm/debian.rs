//! Debian packages, downloaded by apt and unpacked without being installed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::missing::Missing;

/// The image of the newest cloud kernel of a series (`6.1`, `6.12`).
pub fn kernel(series: &str, cache: &Path) -> anyhow::Result<PathBuf> {
    let package = newest_kernel(series)?;
    let tree = unpacked(&package, cache)?;
    let version = package.trim_start_matches("linux-image-");
    let image = tree.join("boot").join(format!("vmlinuz-{version}"));
    if !image.is_file() {
        bail!("{package} holds no {}", image.display());
    }
    Ok(image)
}

/// The tree of a package, downloaded and unpacked once.
pub fn unpacked(package: &str, cache: &Path) -> anyhow::Result<PathBuf> {
    let tree = cache.join(package);
    if tree.is_dir() {
        return Ok(tree);
    }
    let download = cache.join(format!("{package}.download"));
    if download.exists() {
        fs::remove_dir_all(&download)
            .with_context(|| format!("cannot empty {}", download.display()))?;
    }
    fs::create_dir_all(&download)
        .with_context(|| format!("cannot create {}", download.display()))?;
    // apt would hand the download to another user, who cannot write here.
    command(
        "apt-get",
        ["-qq", "-o", "APT::Sandbox::User=root", "download", package],
        &download,
    )
    .map_err(|error| Missing(format!("{package} cannot be had: {error:#}")))?;
    let archive = fs::read_dir(&download)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new("deb")))
        .with_context(|| format!("apt-get downloaded no {package}"))?;
    let partial = download.join("tree");
    command(
        "dpkg-deb",
        [OsStr::new("-x"), archive.as_os_str(), partial.as_os_str()],
        &download,
    )?;
    fs::rename(&partial, &tree)?;
    fs::remove_dir_all(&download)?;
    Ok(tree)
}

fn newest_kernel(series: &str) -> anyhow::Result<String> {
    let prefix = format!("linux-image-{series}.");
    let list = || -> anyhow::Result<Option<String>> {
        let names = command("apt-cache", ["pkgnames", &prefix], Path::new("."))?;
        let cloud = |name: &&str| name.ends_with("-cloud-amd64");
        Ok(names
            .lines()
            .filter(cloud)
            .max_by_key(|name| numbers(name))
            .map(str::to_owned))
    };
    if let Some(package) = list()? {
        return Ok(package);
    }
    // A fresh container has no lists; only root may fetch them.
    let _ = command("apt-get", ["-qq", "update"], Path::new("."));
    let newest = list()?.ok_or_else(|| {
        Missing(format!(
            "apt knows no {prefix}*-cloud-amd64: run on Debian 12 with its security or backports archive"
        ))
    })?;
    Ok(newest)
}

/// The numbers in a name, so that `6.1.0-9` comes before `6.1.0-10`.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

fn command<S: AsRef<OsStr>>(
    program: &str,
    args: impl IntoIterator<Item = S>,
    directory: &Path,
) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(directory)
        .output()
        .with_context(|| {
            format!("cannot run {program}: the VM tests need Debian's package tools")
        })?;
    if !output.status.success() {
        bail!(
            "{program} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(
            numbers("linux-image-6.1.0-9-cloud-amd64")
                < numbers("linux-image-6.1.0-10-cloud-amd64")
        );
        assert!(
            numbers("linux-image-6.12.99+deb12-cloud-amd64")
                < numbers("linux-image-6.12.117+deb12-cloud-amd64")
        );
    }
}
