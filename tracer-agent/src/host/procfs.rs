//! Reading `/proc`, bounded: whatever a process writes into its own files, memory stays small.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Most bytes read of one file.
const FILE_BYTES: u64 = 64 << 10;
/// Most bytes read of a command line: the script's name stands near its beginning.
const CMDLINE_BYTES: u64 = 8 << 10;

/// A mounted proc file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcFs {
    root: PathBuf,
}

/// From `/proc/PID/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Name that the kernel keeps, at most 15 bytes.
    pub name: String,
    /// Parent's process id.
    pub parent: u32,
    /// When it started, in clock ticks since boot: with the process id, its identity.
    pub start_ticks: u64,
}

impl ProcFs {
    /// The file system mounted at `root`, usually `/proc`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is mounted.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Path of a process's file.
    pub fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.root.join(pid.to_string()).join(name)
    }

    /// A file of the host, seen through its first process: right in a container, too.
    pub fn host_file(&self, path: &str) -> PathBuf {
        self.path(1, "root").join(path.trim_start_matches('/'))
    }

    /// All process ids, in no order.
    ///
    /// # Errors
    /// If the file system is not mounted or not readable.
    pub fn pids(&self) -> io::Result<impl Iterator<Item = u32> + use<>> {
        let entries = fs::read_dir(&self.root)?;
        Ok(entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
    }

    /// Name, parent and start time; `None` if there is no such process.
    pub fn stat(&self, pid: u32) -> Option<Stat> {
        parse_stat(&read_text(&self.path(pid, "stat"), FILE_BYTES)?)
    }

    /// Path of the program as the process sees it, without the kernel's mark for deleted files.
    /// `None` for kernel threads and where the link is not readable.
    pub fn exe(&self, pid: u32) -> Option<String> {
        let path = fs::read_link(self.path(pid, "exe")).ok()?;
        let path = path.to_string_lossy();
        Some(path.strip_suffix(" (deleted)").unwrap_or(&path).to_owned())
    }

    /// The beginning of the command line. May hold secrets: for looking at, not for keeping.
    pub fn command_line(&self, pid: u32) -> Vec<String> {
        let bytes = read_bytes(&self.path(pid, "cmdline"), CMDLINE_BYTES).unwrap_or_default();
        let end = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
        end.split(|byte| *byte == 0)
            .map(|arg| String::from_utf8_lossy(arg).into_owned())
            .collect()
    }

    /// The text of `/proc/PID/cgroup`; empty if there is none.
    pub fn cgroup(&self, pid: u32) -> String {
        read_text(&self.path(pid, "cgroup"), FILE_BYTES).unwrap_or_default()
    }

    /// Effective user id.
    pub fn user_id(&self, pid: u32) -> Option<u32> {
        let status = read_text(&self.path(pid, "status"), FILE_BYTES)?;
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Whether the calling process is in the root pid namespace, whose ids the kernel half
    /// reports; `None` if it cannot be told.
    pub fn is_root_pid_namespace(&self) -> Option<bool> {
        /// `PROC_PID_INIT_INO` of the kernel's `include/linux/proc_ns.h`.
        const ROOT: &str = "pid:[4026531836]";
        Some(self.namespace("self", "pid")? == ROOT)
    }

    /// A namespace's name, such as `pid:[4026531836]`; `None` if it must not be seen.
    pub fn namespace(&self, process: &str, kind: &str) -> Option<String> {
        let link = fs::read_link(self.root.join(process).join("ns").join(kind)).ok()?;
        Some(link.to_string_lossy().into_owned())
    }
}

/// The name stands in parentheses and may itself hold parentheses and spaces (proc_pid_stat(5)).
fn parse_stat(text: &str) -> Option<Stat> {
    let (head, rest) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    // The first field after the name is number 3.
    let field = |number: usize| rest.split_whitespace().nth(number.checked_sub(3)?);
    Some(Stat {
        name: name.to_owned(),
        parent: field(4)?.parse().ok()?,
        start_ticks: field(22)?.parse().ok()?,
    })
}

/// The first `max` bytes of a file.
pub(super) fn read_bytes(path: &Path, max: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(max)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// The first `max` bytes of a file as text.
pub(super) fn read_text(path: &Path, max: u64) -> Option<String> {
    read_bytes(path, max).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_end_of_itself() {
        let text = "7 (a) S (b) S 3 7 7 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0 987654 1000 10";
        let expected = Stat {
            name: "a) S (b".into(),
            parent: 3,
            start_ticks: 987_654,
        };
        assert_eq!(parse_stat(text), Some(expected));
        assert_eq!(parse_stat("7 (a"), None);
        assert_eq!(parse_stat(""), None);
    }
}
