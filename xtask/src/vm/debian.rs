//! Debian packages of the guest's architecture, downloaded by apt and unpacked without being
//! installed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use super::architecture::Architecture;
use crate::missing::Missing;

/// Where packages of an architecture come from, and where they are kept.
#[derive(Debug)]
pub struct Packages {
    architecture: Architecture,
    cache: PathBuf,
    /// apt's settings, where the architecture is not the host's: lists of its own, so that the host's
    /// are not touched.
    settings: Option<PathBuf>,
}

/// A kernel that was unpacked.
#[derive(Debug)]
pub struct Kernel {
    /// What is booted.
    pub image: PathBuf,
    /// Its package's tree, with the modules.
    pub tree: PathBuf,
}

impl Packages {
    /// Those of the host's apt if it is of this architecture.
    pub fn of(architecture: Architecture, cache: &Path) -> anyhow::Result<Self> {
        let own = matches!(architecture, Architecture::X86_64);
        let settings = (!own)
            .then(|| foreign_settings(architecture, &cache.join("apt")))
            .transpose()?;
        Ok(Self {
            architecture,
            cache: cache.to_owned(),
            settings,
        })
    }

    /// The newest cloud kernel of a series (`6.1`, `6.12`).
    pub fn kernel(&self, series: &str) -> anyhow::Result<Kernel> {
        let package = self.newest_kernel(series)?;
        let tree = self.unpacked(&package)?;
        let version = package.trim_start_matches("linux-image-");
        let image = tree.join("boot").join(format!("vmlinuz-{version}"));
        if !image.is_file() {
            bail!("{package} holds no {}", image.display());
        }
        Ok(Kernel { image, tree })
    }

    /// The tree of a package, downloaded and unpacked once.
    pub fn unpacked(&self, package: &str) -> anyhow::Result<PathBuf> {
        self.unpacked_together(package, &[package])
    }

    /// One tree of several packages, under a name of its own.
    pub fn unpacked_together(&self, name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
        let tree = self.cache.join(name);
        if tree.is_dir() {
            return Ok(tree);
        }
        let download = self.cache.join(format!("{name}.download"));
        if download.exists() {
            fs::remove_dir_all(&download)
                .with_context(|| format!("cannot empty {}", download.display()))?;
        }
        fs::create_dir_all(&download)
            .with_context(|| format!("cannot create {}", download.display()))?;
        self.list()?;
        // apt would hand the download to another user, who cannot write here.
        let arguments = ["-qq", "-o", "APT::Sandbox::User=root", "download"];
        self.apt("apt-get", arguments.iter().chain(packages), &download)
            .map_err(|error| Missing(format!("{name} cannot be had: {error:#}")))?;
        let partial = download.join("tree");
        let is_package = |path: &PathBuf| path.extension() == Some(OsStr::new("deb"));
        let archives = fs::read_dir(&download)?.filter_map(|entry| Some(entry.ok()?.path()));
        let archives: Vec<PathBuf> = archives.filter(is_package).collect();
        if archives.len() != packages.len() {
            bail!("apt-get downloaded {} packages for {name}", archives.len());
        }
        for archive in &archives {
            let arguments = [OsStr::new("-x"), archive.as_os_str(), partial.as_os_str()];
            self.apt("dpkg-deb", arguments, &download)?;
        }
        fs::rename(&partial, &tree)?;
        fs::remove_dir_all(&download)?;
        Ok(tree)
    }

    fn newest_kernel(&self, series: &str) -> anyhow::Result<String> {
        let prefix = format!("linux-image-{series}.");
        let suffix = format!("-cloud-{}", self.architecture.debian());
        self.list()?;
        let newest = || -> anyhow::Result<Option<String>> {
            let names = self.apt("apt-cache", ["pkgnames", &prefix], Path::new("."))?;
            Ok(names
                .lines()
                .filter(|name| name.ends_with(&suffix))
                .max_by_key(|name| numbers(name))
                .map(str::to_owned))
        };
        if let Some(package) = newest()? {
            return Ok(package);
        }
        // A fresh container has no lists; only root may fetch them.
        let _ = self.apt("apt-get", ["-qq", "update"], Path::new("."));
        let package = newest()?.ok_or_else(|| {
            Missing(format!(
                "apt knows no {prefix}*{suffix}: run on Debian 12 with its security or backports archive"
            ))
        })?;
        Ok(package)
    }

    /// Fetches the lists of an architecture that the host's apt does not know.
    fn list(&self) -> anyhow::Result<()> {
        let lists = self.cache.join("apt/lists");
        let has_lists = fs::read_dir(&lists).is_ok_and(|files| {
            let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
            names.into_iter().any(|name| name.contains("_Packages"))
        });
        if self.settings.is_none() || has_lists {
            return Ok(());
        }
        self.apt("apt-get", ["-qq", "update"], Path::new("."))
            .map_err(|error| Missing(format!("no lists of {}: {error:#}", self.architecture)))?;
        Ok(())
    }

    fn apt<S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
        directory: &Path,
    ) -> anyhow::Result<String> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(directory);
        if let Some(settings) = &self.settings {
            command.env("APT_CONFIG", settings);
        }
        let output = command.output().with_context(|| {
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
}

/// Settings under which apt takes the architecture for the host's, with nothing installed.
fn foreign_settings(architecture: Architecture, folder: &Path) -> anyhow::Result<PathBuf> {
    for name in ["lists/partial", "state", "archives/partial"] {
        let path = folder.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    }
    let status = folder.join("status");
    fs::write(&status, "").with_context(|| format!("cannot write {}", status.display()))?;
    let (settings, name) = (folder.join("apt.conf"), architecture.debian());
    let at = folder.display();
    let text = format!(
        "APT::Architecture \"{name}\";\nAPT::Architectures {{\"{name}\";}};\n\
         Dir::State \"{at}/state\";\nDir::State::Lists \"{at}/lists\";\n\
         Dir::State::status \"{at}/status\";\nDir::Cache \"{at}\";\n\
         APT::Sandbox::User \"root\";\n"
    );
    fs::write(&settings, text).with_context(|| format!("cannot write {}", settings.display()))?;
    Ok(settings)
}

/// The numbers in a name, so that `6.1.0-9` comes before `6.1.0-10`.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
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
