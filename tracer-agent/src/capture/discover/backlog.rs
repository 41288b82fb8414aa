//! What is still to be looked at, in three lines.
//!
//! A library that was just mapped will be used within milliseconds; reading a large program takes up
//! to seconds. So libraries do not wait for programs, and neither wait for a full look, nor it for them:
//! it ends, however many programs are begun meanwhile.

use std::collections::{HashSet, VecDeque};

use super::mapped::{FileKey, MappedFile};

/// Programs that wait at a time. More are not needed: a full look finds those that run on.
const MAX_PROGRAMS: usize = 4096;

/// One piece of a full look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Everything that a process maps.
    Process(u32),
    /// Libraries of the system directories, which nobody may map yet.
    System,
}

/// Files and processes that wait.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    libraries: VecDeque<MappedFile>,
    programs: VecDeque<MappedFile>,
    /// The keys of `programs`.
    waiting: HashSet<FileKey>,
    processes: VecDeque<u32>,
    system: bool,
}

impl Backlog {
    /// A library was mapped.
    pub(super) fn library(&mut self, file: MappedFile) {
        self.libraries.push_back(file);
    }

    /// A program was started, or a library mapped that shows no sign of TLS but may hold some.
    /// `false` if there is no room for it.
    #[must_use]
    pub(super) fn program(&mut self, file: MappedFile) -> bool {
        let room = self.programs.len() < MAX_PROGRAMS;
        if room && self.waiting.insert(file.key) {
            self.programs.push_back(file);
        }
        room
    }

    /// All processes are to be looked at, those that still waited for it only once; and `system`
    /// directories.
    pub(super) fn full_look(&mut self, processes: impl IntoIterator<Item = u32>, system: bool) {
        self.processes = processes.into_iter().collect();
        self.system = system;
    }

    /// The next library.
    pub(super) fn take_library(&mut self) -> Option<MappedFile> {
        self.libraries.pop_front()
    }

    /// The next program, or file that may be one.
    pub(super) fn take_program(&mut self) -> Option<MappedFile> {
        let file = self.programs.pop_front()?;
        self.waiting.remove(&file.key);
        Some(file)
    }

    /// The next piece of a full look.
    pub(super) fn take_look(&mut self) -> Option<Look> {
        let process = self.processes.pop_front().map(Look::Process);
        process.or_else(|| std::mem::take(&mut self.system).then_some(Look::System))
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
        !self.processes.is_empty() || self.system
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
        backlog.full_look([7, 8], true);
        assert!(backlog.program(file(1)));
        assert!(backlog.program(file(2)));
        assert!(backlog.program(file(1)), "one of each is enough");
        backlog.library(file(3));
        assert!(backlog.has_library() && backlog.has_program() && backlog.is_looking());
        assert_eq!(backlog.take_library(), Some(file(3)));
        assert_eq!(backlog.take_library(), None);
        let looks: Vec<_> = std::iter::from_fn(|| backlog.take_look()).collect();
        assert_eq!(looks, [Look::Process(7), Look::Process(8), Look::System]);
        assert!(!backlog.is_looking() && backlog.has_program());
        let programs: Vec<_> = std::iter::from_fn(|| backlog.take_program()).collect();
        assert_eq!(programs, [file(1), file(2)]);
        assert!(backlog.program(file(1)), "it does not wait any more");
        assert_eq!(backlog.take_program(), Some(file(1)));
        assert!(!backlog.has_library() && !backlog.has_program());
    }

    #[test]
    fn programs_beyond_the_bound_are_refused() {
        let mut backlog = Backlog::default();
        let taken = (0..5000).filter(|&inode| backlog.program(file(inode)));
        assert_eq!(taken.count(), MAX_PROGRAMS);
    }
}
