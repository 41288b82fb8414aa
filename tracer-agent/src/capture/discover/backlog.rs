//! What is still to be looked at, in three lines.
//!
//! A library that was just mapped will be used within milliseconds; reading a large program takes up
//! to seconds. So libraries do not wait for programs, and neither wait for a full look, nor it for them:
//! it ends, however many programs are begun meanwhile.

use std::collections::{HashMap, VecDeque};

use super::mapped::{FileKey, MappedFile};

/// Files that wait in a line at a time. More are not needed: a full look finds those of processes that run
/// on.
const MAX_WAITING: usize = 4096;

/// One piece of a full look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Everything that a process maps.
    Process(u32),
    /// Files that nobody may map yet.
    Others,
}

/// Files and processes that wait.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    libraries: Line,
    programs: Line,
    processes: VecDeque<u32>,
    others: bool,
}

/// Files that wait, each once.
#[derive(Debug, Default)]
struct Line {
    order: VecDeque<FileKey>,
    files: HashMap<FileKey, MappedFile>,
}

impl Line {
    /// `false` if there is no room. Of those who map one file the latest is the likeliest to be there still
    /// when its turn comes.
    fn push(&mut self, file: MappedFile) -> bool {
        if let Some(waiting) = self.files.get_mut(&file.key) {
            if !waiting.is_named() {
                *waiting = file;
            }
            return true;
        }
        let room = self.files.len() < MAX_WAITING;
        if room {
            self.order.push_back(file.key);
            self.files.insert(file.key, file);
        }
        room
    }

    fn pop(&mut self) -> Option<MappedFile> {
        let key = self.order.pop_front()?;
        self.files.remove(&key)
    }

    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl Backlog {
    /// A library was mapped. `false` if there is no room for it.
    #[must_use]
    pub(super) fn library(&mut self, file: MappedFile) -> bool {
        self.libraries.push(file)
    }

    /// A program was started, or a library mapped that shows no sign of TLS but may hold some.
    /// `false` if there is no room for it.
    #[must_use]
    pub(super) fn program(&mut self, file: MappedFile) -> bool {
        self.programs.push(file)
    }

    /// All processes are to be looked at, those that still waited for it only once; and what nobody maps.
    pub(super) fn full_look(&mut self, processes: impl IntoIterator<Item = u32>) {
        self.processes = processes.into_iter().collect();
        self.others = true;
    }

    /// The next library.
    pub(super) fn take_library(&mut self) -> Option<MappedFile> {
        self.libraries.pop()
    }

    /// The next program, or file that may be one.
    pub(super) fn take_program(&mut self) -> Option<MappedFile> {
        self.programs.pop()
    }

    /// The next piece of a full look.
    pub(super) fn take_look(&mut self) -> Option<Look> {
        let process = self.processes.pop_front().map(Look::Process);
        process.or_else(|| std::mem::take(&mut self.others).then_some(Look::Others))
    }

    /// Whether a library waits.
    pub(super) fn has_library(&self) -> bool {
        !self.libraries.is_empty()
    }

    /// Whether a program waits.
    pub(super) fn has_program(&self) -> bool {
        !self.programs.is_empty()
    }

    /// Whether a full look is under way.
    pub(super) fn is_looking(&self) -> bool {
        !self.processes.is_empty() || self.others
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::mapped::{FileKey, Source};
    use super::*;

    fn file(inode: u64) -> MappedFile {
        let path = PathBuf::from("/file");
        MappedFile {
            key: FileKey { device: 1, inode },
            path: path.clone(),
            source: Source::Path { path },
        }
    }

    #[test]
    fn libraries_programs_and_looks_do_not_wait_for_each_other() {
        let mut backlog = Backlog::default();
        backlog.full_look([7, 8]);
        assert!(backlog.program(file(1)));
        assert!(backlog.program(file(2)));
        assert!(backlog.program(file(1)), "one of each is enough");
        assert!(backlog.library(file(3)));
        assert!(backlog.library(file(3)), "one of each is enough");
        assert!(backlog.has_library() && backlog.has_program() && backlog.is_looking());
        assert_eq!(backlog.take_library(), Some(file(3)));
        assert_eq!(backlog.take_library(), None);
        let looks: Vec<_> = std::iter::from_fn(|| backlog.take_look()).collect();
        assert_eq!(looks, [Look::Process(7), Look::Process(8), Look::Others]);
        assert!(!backlog.is_looking() && backlog.has_program());
        let programs: Vec<_> = std::iter::from_fn(|| backlog.take_program()).collect();
        assert_eq!(programs, [file(1), file(2)]);
        assert!(backlog.program(file(1)), "it does not wait any more");
        assert_eq!(backlog.take_program(), Some(file(1)));
        assert!(!backlog.has_library() && !backlog.has_program());
    }

    #[test]
    fn files_beyond_the_bound_are_refused() {
        let mut backlog = Backlog::default();
        let programs = (0..5000).filter(|&inode| backlog.program(file(inode)));
        assert_eq!(programs.count(), MAX_WAITING);
        let libraries = (0..5000).filter(|&inode| backlog.library(file(inode)));
        assert_eq!(libraries.count(), MAX_WAITING);
    }

    #[test]
    fn a_file_is_reached_through_the_latest_process_but_one_that_is_named_by_its_path() {
        let used = |pid| MappedFile {
            source: Source::Executable { pid },
            ..file(1)
        };
        let named = || MappedFile {
            source: Source::Named {
                path: PathBuf::from("/file"),
            },
            ..file(1)
        };
        let mut backlog = Backlog::default();
        assert!([1, 2, 3].into_iter().all(|pid| backlog.program(used(pid))));
        assert_eq!(backlog.take_program(), Some(used(3)));
        assert!(backlog.library(named()) && backlog.library(used(4)));
        assert_eq!(backlog.take_library(), Some(named()));
        assert_eq!(backlog.take_library(), None);
    }
}
