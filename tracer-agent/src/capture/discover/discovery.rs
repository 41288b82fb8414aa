//! What discovery reports.

use std::fmt;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::plan::ProbePlan;
use super::super::symbols::{BuildId, NotTraceable};
use super::mapped::{FileKey, Stamp};
use super::tracked::{Code, Finding, still_stands};

/// Something that was noticed.
#[derive(Debug)]
pub enum Discovery {
    /// Of a process.
    Process(ProcessNews),
    /// Of a file.
    File(FileNews),
}

/// What happened to processes.
#[derive(Debug)]
pub enum ProcessNews {
    /// A process has, or may have, what it takes to make calls that are seen: it maps a file under
    /// probe, or one that may be found worth it. Told before it makes one, and once or more.
    MayCall {
        /// Its id.
        pid: u32,
        /// When it was known, monotonic nanoseconds.
        time: u64,
    },
    /// So many news were missed.
    Missed(u64),
    /// A process was begun by another one, whose program it runs.
    Forked {
        /// Its id.
        pid: u32,
        /// The other's.
        parent: u32,
        /// When, monotonic nanoseconds.
        time: u64,
    },
    /// A process began to run another program (exec).
    Executed {
        /// Its id.
        pid: u32,
        /// What the kernel calls the program: the first 15 bytes of its file's name.
        name: String,
        /// When, monotonic nanoseconds.
        time: u64,
    },
    /// The file of the program that a process has just begun to run.
    ProgramMapped {
        /// The process's id.
        pid: u32,
        /// Path of the file as the process sees it.
        path: PathBuf,
        /// When, monotonic nanoseconds.
        time: u64,
    },
    /// A process ended.
    Exited {
        /// Its id, which the kernel may give to another process from now on.
        pid: u32,
        /// When, monotonic nanoseconds; `None` if only its absence was noticed.
        time: Option<u64>,
    },
}

/// A change in what there is to probe.
#[derive(Debug)]
pub enum FileNews {
    /// A file to probe that was not known before.
    Found(BinaryFound),
    /// A file that looked like TLS, or that the operator named, but offers nothing to probe.
    NotTraceable {
        /// The file.
        identity: Identity,
        /// Its path as its process sees it.
        display_path: PathBuf,
        /// The first process seen to use it; `None` for a library that nobody uses yet.
        pid: Option<u32>,
        /// Why, and what would help.
        reason: NotTraceable,
    },
    /// Its probes must go: the file is deleted and no process maps it any more, or its content was
    /// replaced in place, or it was not used for long and there are many like it.
    Gone(Identity),
    /// All processes were looked at: these make calls that are not seen, or not all of them.
    LookedAround {
        /// One for each process, file and reason.
        blind_spots: Vec<BlindSpot>,
        /// Those that could be looked at and are not left alone.
        looked_at: Vec<LookedAt>,
        /// Whether every file that they use was read; else the others will be.
        is_whole: bool,
    },
}

/// A file to probe.
#[derive(Debug, Clone)]
pub struct BinaryFound {
    /// Which file, whatever its path.
    pub identity: Identity,
    /// Its path as its process sees it: for people, not for opening.
    pub display_path: PathBuf,
    /// The first process seen to use it; `None` for a library that nobody uses yet.
    pub pid: Option<u32>,
    /// Where to probe it.
    pub plan: ProbePlan,
    /// Tells it from the same file found before or later.
    pub finding: Finding,
    pub(super) file: Arc<File>,
    /// Its stamp when it was analysed.
    pub(super) analysed: Option<Stamp>,
    /// What stood at the probes then.
    pub(super) code: Option<Code>,
}

/// A process that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAt {
    /// Its id.
    pub pid: u32,
    /// Whether it uses a file in which TLS was found, probed or not.
    pub has_tls: bool,
}

/// Calls of a process that are not seen, as far as its files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindSpot {
    /// The process.
    pub pid: u32,
    /// The file that it uses; `None` if the process is not ours to look at.
    pub file: Option<FileKey>,
    /// Why they are not seen.
    pub reason: NotTraceable,
}

/// Names a file on this host whatever its path: device and inode, and the build id against their
/// reuse.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Device number as `stat` gives it.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// GNU build id, when the file has one.
    pub build_id: Option<BuildId>,
}

/// Device and inode number as `stat` gives them.
pub type Number = (u64, u64);

impl Identity {
    /// What it has of `stat`.
    pub const fn number(&self) -> Number {
        (self.device, self.inode)
    }
}

/// A file that could not be probed as it was found.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The file.
    pub identity: Identity,
    /// As it was found then.
    pub finding: Finding,
    /// Whether because it was overwritten since.
    pub overwritten: bool,
}

impl BinaryFound {
    /// Whether the file still is what the plan was made for. Ask before and after attaching: of a file that
    /// was overwritten since, the breakpoints would stand anywhere in its new code.
    pub fn still_stands(&self) -> bool {
        still_stands(&self.file, &self.plan, self.analysed, self.code.as_ref())
    }

    /// That it could not be probed.
    pub fn failure(&self, overwritten: bool) -> Failure {
        Failure {
            identity: self.identity.clone(),
            finding: self.finding,
            overwritten,
        }
    }

    /// A path that opens exactly the analysed file, from this process only and as long as this
    /// value (or a clone) lives: it goes through the open descriptor, which pins the inode, so
    /// deletion, replacement and other mount namespaces make no difference.
    pub fn open_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }
}

impl From<ProcessNews> for Discovery {
    fn from(news: ProcessNews) -> Self {
        Self::Process(news)
    }
}

impl From<FileNews> for Discovery {
    fn from(news: FileNews) -> Self {
        Self::File(news)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{}", self.device, self.inode)?;
        self.build_id
            .iter()
            .try_for_each(|id| write!(f, " build {id}"))
    }
}
