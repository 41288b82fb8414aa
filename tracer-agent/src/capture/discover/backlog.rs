//! What is still to be looked at, in two lines.
//!
//! A library that was just mapped will be used within milliseconds; reading a large program takes up
//! to seconds. So libraries do not wait for programs, and new programs go before a full look.

use std::collections::VecDeque;

use super::mapped::MappedFile;

/// Programs that wait at a time. More are not needed: a full look finds those that run on.
const MAX_PROGRAMS: usize = 4096;

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// A program, or a file that may be one.
    File(MappedFile),
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
        if room && !self.programs.iter().any(|known| known.key == file.key) {
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

    /// What to do next of all that can wait.
    pub(super) fn take(&mut self) -> Option<Task> {
        let program = self.programs.pop_front().map(Task::File);
        program
            .or_else(|| self.processes.pop_front().map(Task::Process))
            .or_else(|| std::mem::take(&mut self.system).then_some(Task::System))
    }

    /// Whether a library waits.
    pub(super) fn has_library(&self) -> bool {
        !self.libraries.is_empty()
    }

    /// Whether something waits that can.
    pub(super) fn has_more(&self) -> bool {
        !self.programs.is_empty() || !self.processes.is_empty() || self.system
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
    fn programs_go_before_a_full_look_and_libraries_wait_for_nothing() {
        let mut backlog = Backlog::default();
        backlog.full_look([7, 8], true);
        assert!(backlog.program(file(1)));
        assert!(backlog.program(file(2)));
        assert!(backlog.program(file(1)), "one of each is enough");
        backlog.library(file(3));
        assert_eq!(backlog.take(), Some(Task::File(file(1))));
        assert!(backlog.has_library());
        assert_eq!(backlog.take_library(), Some(file(3)));
        assert_eq!(backlog.take_library(), None);
        assert_eq!(backlog.take(), Some(Task::File(file(2))));
        let rest: Vec<_> = std::iter::from_fn(|| backlog.take()).collect();
        assert_eq!(rest, [Task::Process(7), Task::Process(8), Task::System]);
        assert!(!backlog.has_library() && !backlog.has_more());
    }

    #[test]
    fn programs_beyond_the_bound_are_refused() {
        let mut backlog = Backlog::default();
        let taken = (0..5000).filter(|&inode| backlog.program(file(inode)));
        assert_eq!(taken.count(), MAX_PROGRAMS);
    }
}
