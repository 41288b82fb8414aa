//! A cpio archive ("newc", see `Documentation/driver-api/early-userspace/buffer-format.rst`),
//! written straight to memory: no root, no device nodes on the host, no temporary tree.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use anyhow::Context;

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const SYMLINK: u32 = 0o120_777;
const CONSOLE: u32 = 0o020_600;

/// An initramfs in the making. Paths are absolute, as the guest will see them.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    directories: BTreeSet<PathBuf>,
    entries: u32,
}

impl Archive {
    /// Adds a directory and those above it.
    pub fn directory(&mut self, path: &Path) -> anyhow::Result<()> {
        for ancestor in path.ancestors().collect::<Vec<_>>().into_iter().rev() {
            if ancestor.parent().is_some() && self.directories.insert(ancestor.to_owned()) {
                self.entry(ancestor, DIRECTORY, (0, 0), &[])?;
            }
        }
        Ok(())
    }

    /// Adds an executable file.
    pub fn program(&mut self, path: &Path, contents: &[u8]) -> anyhow::Result<()> {
        self.parent_of(path)?;
        self.entry(path, PROGRAM, (0, 0), contents)
    }

    /// Adds a symbolic link.
    pub fn symlink(&mut self, path: &Path, target: &str) -> anyhow::Result<()> {
        self.parent_of(path)?;
        self.entry(path, SYMLINK, (0, 0), target.as_bytes())
    }

    /// Adds `/dev/console`, which the kernel opens for the first process.
    pub fn console(&mut self) -> anyhow::Result<()> {
        self.directory(Path::new("/dev"))?;
        self.entry(Path::new("/dev/console"), CONSOLE, (5, 1), &[])
    }

    /// The finished archive.
    pub fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        self.record("TRAILER!!!", 0, (0, 0), &[])?;
        Ok(self.bytes)
    }

    fn parent_of(&mut self, path: &Path) -> anyhow::Result<()> {
        self.directory(
            path.parent()
                .context("the root of the archive is no file")?,
        )
    }

    fn entry(
        &mut self,
        path: &Path,
        mode: u32,
        device: (u32, u32),
        contents: &[u8],
    ) -> anyhow::Result<()> {
        let names: Vec<_> = path
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        self.record(&names.join("/"), mode, device, contents)
    }

    fn record(
        &mut self,
        name: &str,
        mode: u32,
        (major, minor): (u32, u32),
        contents: &[u8],
    ) -> anyhow::Result<()> {
        self.entries += 1;
        let size = u32::try_from(contents.len())
            .with_context(|| format!("{name} is too big for an initramfs"))?;
        let name_size = u32::try_from(name.len() + 1)?;
        let links = if mode == DIRECTORY { 2 } else { 1 };
        self.bytes.extend_from_slice(b"070701");
        // ino, mode, uid, gid, nlink, mtime, filesize, device of the file, device of the node,
        // namesize, check
        for field in [
            self.entries,
            mode,
            0,
            0,
            links,
            0,
            size,
            0,
            0,
            major,
            minor,
            name_size,
            0,
        ] {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(contents);
        self.align();
        Ok(())
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_laid_out_as_the_kernel_reads_it() {
        let mut archive = Archive::default();
        archive.program(Path::new("/bin/true"), b"hello").unwrap();
        let bytes = archive.finish().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let names: Vec<_> = ["bin\0", "bin/true\0", "TRAILER!!!\0"]
            .iter()
            .map(|name| text.find(name).unwrap())
            .collect();
        assert!(names.is_sorted());
        // Magic and 13 fields of 8 digits are 110 bytes; records are aligned to 4.
        let file = &text[names[1] - 110..];
        assert_eq!((names[1] - 110) % 4, 0);
        assert_eq!(&file[..22], "07070100000002000081ed");
        assert_eq!(&file[54..62], "00000005");
        assert_eq!(&file[120..125], "hello");
        assert_eq!(bytes.len() % 4, 0);
    }
}
