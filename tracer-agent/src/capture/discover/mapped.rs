//! The files that one process maps executable, from `/proc/PID/maps`.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::iter;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of one process's maps that are read: about 100,000 mappings.
const MAX_MAPS: u64 = 8 * 1024 * 1024;
/// Least bytes of code of a file that has a TLS library built in.
const BUILT_IN: u64 = 1024 * 1024;
/// What names of libraries with TLS have in them. Firefox has all of NSS in its `libnss3.so`.
const TLS_NAMES: [&[u8]; 4] = [b"ssl", b"gnutls", b"libnss3", b"libnode"];
const DELETED: &[u8] = b" (deleted)";

/// A file that a process maps executable and that may hold TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedFile {
    /// Device and inode as the kernel's map gives them.
    pub key: FileKey,
    /// Its path as the process sees it, without the mark of deletion.
    pub path: PathBuf,
    /// How it is reached.
    pub(super) source: Source,
}

/// Device and inode as the kernel reports them for a mapping. On some file systems (btrfs,
/// overlayfs) the device is not the one that `stat` gives, so this is a cache key, no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileKey {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

/// Tells apart files under one inode number, and contents of one file. Times are seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// When anything of it was changed: its content, its names, who may use it.
    pub(super) changed: (i64, i64),
    /// When its content was, unless somebody says otherwise.
    pub(super) modified: (i64, i64),
    /// Bytes.
    pub(super) size: u64,
}

impl Stamp {
    /// Whether nothing but names, owner and the like changed between two looks at one file.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        self.modified == other.modified && self.size == other.size
    }
}

/// Where to open a file from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The program that a process runs.
    Executable { pid: u32 },
    /// A mapping of a process: first and past-the-end address.
    Mapping { pid: u32, start: u64, end: u64 },
    /// A path that this process can open.
    Path { path: PathBuf },
    /// The same, named by the operator, who is to hear of it.
    Named { path: PathBuf },
}

pub(super) fn stamp_of(metadata: &fs::Metadata) -> Stamp {
    Stamp {
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        size: metadata.size(),
    }
}

impl MappedFile {
    /// A file that the operator names, whether or not a process maps it.
    pub(super) fn named(path: &Path) -> io::Result<Self> {
        let metadata = open_any(path)?.metadata()?;
        let key = FileKey {
            device: metadata.dev(),
            inode: metadata.ino(),
        };
        let source = Source::Named {
            path: path.to_owned(),
        };
        Ok(Self {
            key,
            path: path.to_owned(),
            source,
        })
    }

    /// The process that maps it.
    pub(super) fn pid(&self) -> Option<u32> {
        match self.source {
            Source::Executable { pid } | Source::Mapping { pid, .. } => Some(pid),
            Source::Path { .. } | Source::Named { .. } => None,
        }
    }

    /// Whether the operator named it.
    pub(super) const fn is_named(&self) -> bool {
        matches!(self.source, Source::Named { .. })
    }

    /// Opens the file itself, whatever its path means by now: deleted files and other mount
    /// namespaces are reached through the process. The inode is checked.
    pub(super) fn open(&self, proc_root: &Path) -> io::Result<File> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for path in self.open_paths(proc_root) {
            match open_any(&path).and_then(|file| Ok((file.metadata()?.ino(), file))) {
                Ok((inode, file)) if inode == self.key.inode => return Ok(file),
                Ok(_) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The stamp of the file as it is now.
    pub(super) fn stamp(&self, proc_root: &Path) -> Option<Stamp> {
        let metadata = self
            .open_paths(proc_root)
            .filter_map(|path| fs::metadata(path).ok())
            .find(|metadata| metadata.ino() == self.key.inode)?;
        Some(stamp_of(&metadata))
    }

    /// From the most certain path to the least. `map_files` needs CAP_CHECKPOINT_RESTORE or
    /// CAP_SYS_ADMIN; the process's root only CAP_SYS_PTRACE, but no deleted file is found there.
    fn open_paths(&self, proc_root: &Path) -> impl Iterator<Item = PathBuf> {
        let mapped_now = || self.mapped_now(proc_root);
        let on_host = || self.on_host(proc_root);
        self.told_paths(proc_root)
            .into_iter()
            .chain(iter::once_with(mapped_now).flatten())
            .chain(iter::once_with(on_host).flatten())
    }

    /// The file by its path on the host, where it is the same there: its process may be gone already,
    /// but others will run it.
    fn on_host(&self, proc_root: &Path) -> Option<PathBuf> {
        let inside = self.path.strip_prefix("/").ok()?;
        let path = proc_root.join("1/root").join(inside);
        let metadata = fs::metadata(&path).ok()?;
        let is_same = metadata.dev() == self.key.device && metadata.ino() == self.key.inode;
        is_same.then_some(path)
    }

    /// The mapping as it is now. Loaders map a library whole and unmap the gaps between its parts, and
    /// some programs delete theirs as soon as that is done.
    fn mapped_now(&self, proc_root: &Path) -> Option<PathBuf> {
        let Source::Mapping { pid, .. } = self.source else {
            return None;
        };
        let maps = read_maps(proc_root, pid).ok()?;
        let mut mappings = mappings(&maps);
        let mapping = mappings.find(|mapping| mapping.executable && mapping.key == self.key)?;
        let (start, end) = (mapping.start, mapping.end);
        Some(proc_root.join(format!("{pid}/map_files/{start:x}-{end:x}")))
    }

    /// As it was told of.
    fn told_paths(&self, proc_root: &Path) -> Vec<PathBuf> {
        let rooted = |pid: &u32| {
            let inside = self.path.strip_prefix("/").unwrap_or(&self.path);
            proc_root.join(format!("{pid}/root")).join(inside)
        };
        match &self.source {
            Source::Path { path } | Source::Named { path } => vec![path.clone()],
            Source::Executable { pid } => {
                vec![proc_root.join(format!("{pid}/exe")), rooted(pid)]
            }
            Source::Mapping { pid, start, end } => {
                vec![
                    proc_root.join(format!("{pid}/map_files/{start:x}-{end:x}")),
                    rooted(pid),
                ]
            }
        }
    }
}

/// Opens what may be anything, also something that others would wait for.
fn open_any(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let options = options.read(true);
    let options = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}

/// The program of a process and the mapped libraries whose names suggest TLS, each once; empty for
/// kernel threads and processes that have ended.
pub fn mapped_files(proc_root: &Path, pid: u32) -> io::Result<Vec<MappedFile>> {
    let Some(program) = program(proc_root, pid)? else {
        return Ok(Vec::new());
    };
    let maps = read_maps(proc_root, pid)?;
    let mut files: Vec<MappedFile> = Vec::new();
    for mapping in mappings(&maps) {
        let is_program = mapping.path == program;
        let is_library =
            || suggests_tls(mapping.path) || has_room_for_tls(mapping.path, mapping.length());
        if !mapping.executable || !(is_program || is_library()) {
            continue;
        }
        if !files.iter().any(|file| file.key == mapping.key) {
            files.push(mapping.file(pid, is_program));
        }
    }
    Ok(files)
}

/// The program that a process runs, found without reading its maps.
pub(super) fn executable(proc_root: &Path, pid: u32) -> Option<MappedFile> {
    let path = program(proc_root, pid).ok()??;
    let metadata = fs::metadata(proc_root.join(format!("{pid}/exe"))).ok()?;
    let key = FileKey {
        device: metadata.dev(),
        inode: metadata.ino(),
    };
    Some(MappedFile {
        key,
        path: display_path(&path),
        source: Source::Executable { pid },
    })
}

/// Which of the files of these inodes a process still maps.
pub(super) fn maps_inodes(proc_root: &Path, pid: u32, inodes: &HashSet<u64>) -> HashSet<u64> {
    let maps = read_maps(proc_root, pid).unwrap_or_default();
    mappings(&maps)
        .filter(|mapping| mapping.executable)
        .map(|mapping| mapping.key.inode)
        .filter(|inode| inodes.contains(inode))
        .collect()
}

fn read_maps(proc_root: &Path, pid: u32) -> io::Result<Vec<u8>> {
    let mut maps = Vec::with_capacity(32 * 1024);
    File::open(proc_root.join(format!("{pid}/maps")))?
        .take(MAX_MAPS)
        .read_to_end(&mut maps)?;
    Ok(maps)
}

fn mappings(maps: &[u8]) -> impl Iterator<Item = Mapping<'_>> {
    maps.split(|&byte| byte == b'\n').filter_map(Mapping::parse)
}

/// Whether a library by this path may hold TLS. Wide: a wrong yes costs one look at its symbols.
pub(super) fn suggests_tls(path: &[u8]) -> bool {
    let name = base_name(path);
    let holds = |part: &[u8]| memchr::memmem::find(name, part).is_some();
    holds(b".so") && TLS_NAMES.iter().any(|name| holds(name))
}

/// Whether a file of any name, with `length` bytes mapped executable, may have a TLS library built in, as
/// extensions of Python, Node and Java have, and programs that their loader was told to run: none is
/// smaller, with the cryptography it needs.
pub(super) fn has_room_for_tls(path: &[u8], length: u64) -> bool {
    length >= BUILT_IN && path.starts_with(b"/")
}

/// The last part of a path.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// The path without the mark that the kernel appends for a deleted file.
pub(super) fn display_path(path: &[u8]) -> PathBuf {
    OsStr::from_bytes(path.strip_suffix(DELETED).unwrap_or(path)).into()
}

/// The program a process runs, as raw path; `None` for kernel threads and the dead.
fn program(proc_root: &Path, pid: u32) -> io::Result<Option<Vec<u8>>> {
    match fs::read_link(proc_root.join(format!("{pid}/exe"))) {
        Ok(path) => Ok(Some(path.into_os_string().into_vec())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// One line of `maps`: `start-end perms offset major:minor inode path`.
struct Mapping<'a> {
    start: u64,
    end: u64,
    executable: bool,
    key: FileKey,
    path: &'a [u8],
}

impl<'a> Mapping<'a> {
    /// Only file mappings.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut rest = line;
        let mut word = || {
            let end = rest.iter().position(|&byte| byte == b' ')?;
            let word = str::from_utf8(rest.get(..end)?).ok()?;
            rest = rest.get(end + 1..)?;
            Some(word)
        };
        let (start, end) = word()?.split_once('-')?;
        let permissions = word()?;
        let _offset = word()?;
        let (major, minor) = word()?.split_once(':')?;
        let inode = word()?.parse().ok()?;
        let path = rest.trim_ascii_start();
        let hex = |digits| u64::from_str_radix(digits, 16).ok();
        let device = device(
            u32::try_from(hex(major)?).ok()?,
            u32::try_from(hex(minor)?).ok()?,
        );
        (inode != 0 && path.starts_with(b"/")).then_some(Self {
            start: hex(start)?,
            end: hex(end)?,
            executable: permissions.as_bytes().get(2) == Some(&b'x'),
            key: FileKey { device, inode },
            path,
        })
    }

    fn length(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    fn file(&self, pid: u32, is_program: bool) -> MappedFile {
        let source = if is_program {
            Source::Executable { pid }
        } else {
            Source::Mapping {
                pid,
                start: self.start,
                end: self.end,
            }
        };
        MappedFile {
            key: self.key,
            path: display_path(self.path),
            source,
        }
    }
}

/// A device number as `stat` packs it.
pub(super) fn device(major: u32, minor: u32) -> u64 {
    libc::makedev(major, minor)
}

/// Ids of the processes of this host.
pub fn process_ids(proc_root: &Path) -> io::Result<Vec<u32>> {
    let entries = fs::read_dir(proc_root)?.filter_map(Result::ok);
    Ok(entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}
