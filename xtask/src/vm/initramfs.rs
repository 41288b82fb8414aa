//! What the guest boots into: busybox, the programs under test with their libraries, and a script.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use super::{
    archive::Archive,
    families::{FAMILIES, Family},
    plan::{self, Planned},
    programs::{Carried, Programs},
};
use crate::missing::is_missing;

/// The first process of the guest; it says on a port of its own what happened.
const INIT: &str = include_str!("init.sh");

/// An archive, and what it cannot run.
#[derive(Debug)]
pub struct Initramfs {
    /// The archive.
    pub bytes: Vec<u8>,
    /// Rows of which there is no program, each with the reason.
    pub missing: Vec<(&'static Family, String)>,
}

/// Builds the archive.
///
/// # Errors
/// If what every row needs cannot be built or had.
pub fn build(programs: &Programs) -> anyhow::Result<Initramfs> {
    let mut archive = Archive::default();
    archive.console()?;
    for mount_point in ["/proc", "/sys", "/tmp", "/run", "/etc", "/root"] {
        archive.directory(Path::new(mount_point))?;
    }
    archive.program(Path::new("/init"), INIT.as_bytes())?;
    archive.program(Path::new("/bin/busybox"), &read(&programs.busybox()?)?)?;
    archive.symlink(Path::new("/bin/sh"), "busybox")?;

    let [bench_server, local_provider] = programs.providers()?;
    let mut carried = vec![
        in_bin("tracer-agent", programs.agent()?),
        in_bin("bench-server", bench_server),
        in_bin("local-provider", local_provider),
        in_bin("dash", programs.shell()?),
    ];
    let (mut planned, mut missing) = (Vec::new(), Vec::new());
    for family in &FAMILIES {
        let program = match (family.find)(programs) {
            Err(error) if is_missing(&error) => {
                missing.push((family, format!("{error:#}")));
                continue;
            }
            found => found?,
        };
        let mut told = Vec::new();
        if family.told {
            told.push(format!("/bin/{}", family.program));
        }
        if let Some(name) = family.library {
            let libraries = programs.libraries_of(&program)?;
            let library = libraries.iter().find(|file| is_named(&file.guest, name));
            let library = library
                .with_context(|| format!("{} has its TLS not in {name}", program.display()))?;
            told.push(library.guest.display().to_string());
            carried.extend(family.modules.iter().map(|name| beside(library, name)));
        }
        carried.push(in_bin(family.program, program));
        planned.push(Planned { family, told });
    }
    carried.sort();
    carried.dedup();

    let mut libraries = Vec::new();
    for file in &carried {
        archive.program(&file.guest, &stripped(&file.host, programs.strip())?)?;
        libraries.extend(programs.libraries_of(&file.host)?);
    }
    libraries.sort();
    libraries.dedup();
    for library in &libraries {
        archive.program(&library.guest, &read(&library.host)?)?;
    }
    let mut scripts: Vec<_> = planned.iter().flat_map(|row| row.family.scripts).collect();
    scripts.sort_unstable();
    scripts.dedup();
    for name in scripts {
        let script = Programs::script(name);
        let name = script.file_name().unwrap_or_default();
        archive.program(&Path::new("/bin").join(name), &read(&script)?)?;
    }
    archive.program(Path::new("/plan"), plan::script(&planned).as_bytes())?;
    Ok(Initramfs {
        bytes: archive.finish()?,
        missing,
    })
}

fn in_bin(name: &str, host: PathBuf) -> Carried {
    Carried {
        guest: Path::new("/bin").join(name),
        host,
    }
}

/// Another file of a library's folder.
fn beside(library: &Carried, name: &str) -> Carried {
    Carried {
        guest: library.guest.with_file_name(name),
        host: library.host.with_file_name(name),
    }
}

fn is_named(path: &Path, start: &str) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with(start))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The file without its debug information, which would only fill the guest's memory.
fn stripped(path: &Path, strip: &str) -> anyhow::Result<Vec<u8>> {
    let folder = std::env::temp_dir();
    let output = folder.join(format!("guest-program-{}", std::process::id()));
    let status = Command::new(strip)
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
