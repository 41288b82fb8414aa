//! TLS libraries and programs in the usual places that nobody maps yet: probed ahead, a
//! short-lived client is seen from its first byte.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::mapped::{FileKey, MappedFile, Source};

const LIBRARY_DIRECTORIES: [&str; 6] = [
    "usr/lib",
    "usr/lib64",
    "usr/local/lib",
    "usr/local/lib64",
    "lib",
    "lib64",
];
const LIBRARIES: [&[u8]; 3] = [b"libssl.so.", b"libgnutls.so.", b"libssl3.so"];
const PROGRAMS: [&str; 6] = [
    "usr/bin/bun",
    "usr/local/bin/bun",
    "usr/bin/node",
    "usr/local/bin/node",
    "usr/bin/nodejs",
    "usr/local/bin/nodejs",
];

/// Candidates in the host's file system: that of process 1 where it may be entered, else ours.
pub(super) fn system_files(proc_root: &Path) -> Vec<MappedFile> {
    let init = proc_root.join("1/root");
    let root = if fs::read_dir(&init).is_ok() {
        init
    } else {
        PathBuf::from("/")
    };
    let mut files: Vec<MappedFile> = Vec::new();
    let libraries = LIBRARY_DIRECTORIES
        .iter()
        .flat_map(|directory| libraries(&root, directory));
    let programs = PROGRAMS.iter().map(|program| root.join(program));
    for path in libraries.chain(programs) {
        let Some(file) = regular(&root, path) else {
            continue;
        };
        if !files.iter().any(|known| known.key == file.key) {
            files.push(file);
        }
    }
    files
}

/// Files named as libraries of TLS are, in a directory and in its `…-linux-gnu*` and `…-linux-musl*` children.
fn libraries(root: &Path, directory: &str) -> Vec<PathBuf> {
    let directory = root.join(directory);
    let children = entries(&directory)
        .into_iter()
        .filter(|path| name_has(path, b"-linux-") && path.is_dir());
    std::iter::once(directory.clone())
        .chain(children)
        .flat_map(|directory| entries(&directory))
        .filter(|path| LIBRARIES.iter().any(|library| name_has(path, library)))
        .collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    entries.map(|entry| entry.path()).collect()
}

fn name_has(path: &Path, part: &[u8]) -> bool {
    path.file_name()
        .is_some_and(|name| memchr::memmem::find(name.as_bytes(), part).is_some())
}

/// Links are not followed: an absolute one would leave the file system of process 1.
fn regular(root: &Path, path: PathBuf) -> Option<MappedFile> {
    let metadata = fs::symlink_metadata(&path)
        .ok()
        .filter(fs::Metadata::is_file)?;
    let key = FileKey {
        device: metadata.dev(),
        inode: metadata.ino(),
    };
    let seen_by_init = Path::new("/").join(path.strip_prefix(root).ok()?);
    Some(MappedFile {
        key,
        path: seen_by_init,
        source: Source::Path { path },
    })
}
