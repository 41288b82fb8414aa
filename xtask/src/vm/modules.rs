//! Modules of a kernel, as an archive that is booted behind the initramfs: cloud kernels have the TLS of
//! sockets, and the cipher it needs, as modules.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use super::archive::Archive;
use crate::missing::Missing;

/// In the order in which they are inserted. What is none is built into that kernel.
pub const MODULES: [&str; 6] = [
    "gf128mul",
    "ghash-generic",
    "ctr",
    "crypto_null",
    "gcm",
    "tls",
];

/// An archive of those of [`MODULES`] that a kernel's package has, each as `/lib/modules/N.NAME.ko` by its
/// place among them, so that a guest that goes by names need not know the order.
///
/// # Errors
/// If the package's tree cannot be read; [`Missing`] if its modules cannot be unpacked here.
pub fn archive(package: &Path) -> anyhow::Result<Vec<u8>> {
    let mut found = Vec::new();
    find(&package.join("lib/modules"), &mut found)?;
    let mut archive = Archive::default();
    for (place, name) in MODULES.iter().enumerate() {
        if let Some(path) = found.iter().find(|path| module_name(path) == Some(*name)) {
            let guest = format!("/lib/modules/{place}.{name}.ko");
            archive.program(Path::new(&guest), &contents(path)?)?;
        }
    }
    archive.finish()
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), found)?;
        } else if module_name(&entry.path()).is_some_and(|name| MODULES.contains(&name)) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The name of a module's file, packed or not.
fn module_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".xz").unwrap_or(name).strip_suffix(".ko")
}

fn contents(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.extension().is_none_or(|packed| packed != "xz") {
        return fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    }
    let unpacked = Command::new("xz").arg("-dc").arg(path).output();
    let unpacked = unpacked
        .map_err(|error| Missing(format!("modules cannot be unpacked without xz: {error}")))?;
    ensure!(
        unpacked.status.success(),
        "xz cannot unpack {}: {}",
        path.display(),
        String::from_utf8_lossy(&unpacked.stderr).trim()
    );
    Ok(unpacked.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_known_by_their_names_packed_or_not() {
        for path in ["kernel/net/tls/tls.ko", "kernel/net/tls/tls.ko.xz"] {
            assert_eq!(module_name(Path::new(path)), Some("tls"));
        }
        for path in ["modules.order", "kernel/net/tls"] {
            assert_eq!(module_name(Path::new(path)), None);
        }
    }

    #[test]
    fn an_archive_holds_what_the_package_has() {
        let folder = std::env::temp_dir().join(format!("modules-{}", std::process::id()));
        let kernel = folder.join("lib/modules/6.1.0/kernel");
        fs::create_dir_all(kernel.join("net")).unwrap();
        fs::write(kernel.join("net/tls.ko"), "the module").unwrap();
        fs::write(kernel.join("net/wifi.ko"), "another").unwrap();
        let archive = archive(&folder);
        fs::remove_dir_all(&folder).unwrap();
        let text = String::from_utf8_lossy(&archive.unwrap()).into_owned();
        assert!(text.contains("lib/modules/5.tls.ko") && text.contains("the module"));
        assert!(!text.contains("another"), "{text}");
    }
}
