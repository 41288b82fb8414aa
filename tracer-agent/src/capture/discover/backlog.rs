//! What is still to be looked at, most urgent first.
//!
//! A library that was just mapped will be used within milliseconds; reading the symbols of a large
//! program takes a hundred of them. So libraries go first, and whoever works this off takes one
//! piece at a time and looks for news of libraries in between.

use std::collections::VecDeque;

use super::mapped::MappedFile;

/// Programs that wait at a time. More are not needed: a full look finds those that run on.
const MAX_PROGRAMS: usize = 4096;

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// A file that a process maps.
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

    /// All processes are to be looked at; those that still waited for it only once.
    pub(super) fn full_look(&mut self, processes: impl IntoIterator<Item = u32>) {
        self.processes = processes.into_iter().collect();
        self.system = true;
    }

    /// Whether nothing is to be done.
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            libraries,
            programs,
            processes,
            system,
        } = self;
        libraries.is_empty() && programs.is_empty() && processes.is_empty() && !system
    }

    /// What to do next.
    pub(super) fn take(&mut self) -> Option<Task> {
        let file = self
            .libraries
            .pop_front()
            .or_else(|| self.programs.pop_front());
        file.map(Task::File)
            .or_else(|| self.processes.pop_front().map(Task::Process))
            .or_else(|| std::mem::take(&mut self.system).then_some(Task::System))
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
    fn libraries_go_before_programs_and_these_before_a_full_look() {
        let mut backlog = Backlog::default();
        backlog.full_look([7, 8]);
        assert!(backlog.program(file(1)));
        assert!(backlog.program(file(2)));
        assert!(backlog.program(file(1)), "one of each is enough");
        backlog.library(file(3));
        assert_eq!(backlog.take(), Some(Task::File(file(3))));
        assert_eq!(backlog.take(), Some(Task::File(file(1))));
        backlog.library(file(4));
        assert_eq!(backlog.take(), Some(Task::File(file(4))));
        assert_eq!(backlog.take(), Some(Task::File(file(2))));
        let rest: Vec<_> = std::iter::from_fn(|| backlog.take()).collect();
        assert_eq!(rest, [Task::Process(7), Task::Process(8), Task::System]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn programs_beyond_the_bound_are_refused() {
        let mut backlog = Backlog::default();
        let taken = (0..5000).filter(|&inode| backlog.program(file(inode)));
        assert_eq!(taken.count(), MAX_PROGRAMS);
    }
}
