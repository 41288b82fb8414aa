//! Who reads files: libraries, which are about to be used, wait for nothing else, and small programs
//! not for large ones.

use std::{
    collections::VecDeque,
    io,
    os::fd::{AsFd as _, BorrowedFd},
};

use super::{
    analyst::Analyst,
    question::{Question, Read},
};

/// Programs of more bytes take tenths of a second to read.
const LARGE: u64 = 32 << 20;
/// Files that wait, most of them large programs, each with its descriptor open. Behind so many wait small
/// programs as well, in the backlog; files under probe that are read again never do, and are bounded by what
/// is under probe.
const WAITING: usize = 128;

/// A thread each.
#[derive(Debug)]
pub(super) struct Readers {
    libraries: Analyst,
    programs: Analyst,
    large: Analyst,
    waiting: VecDeque<Question>,
}

impl Readers {
    /// Starts the threads.
    pub(super) fn start() -> io::Result<Self> {
        Ok(Self {
            libraries: Analyst::start("libraries")?,
            programs: Analyst::start("programs")?,
            large: Analyst::start("large-programs")?,
            waiting: VecDeque::new(),
        })
    }

    /// Whether a library can be read now.
    pub(super) const fn has_room_for_library(&self) -> bool {
        !self.libraries.is_busy()
    }

    /// Whether a program can be read now, or wait here for its turn.
    pub(super) fn has_room_for_program(&self) -> bool {
        !self.programs.is_busy() && self.waiting.len() < WAITING
    }

    /// Has a library read.
    pub(super) fn library(&mut self, question: Question) {
        if question.bytes() < LARGE {
            self.libraries.ask(question);
        } else {
            self.at_leisure(question);
        }
    }

    /// Has a program read.
    pub(super) fn program(&mut self, question: Question) {
        if question.bytes() < LARGE {
            self.programs.ask(question);
        } else {
            self.at_leisure(question);
        }
    }

    /// Has a file read that may wait for large ones.
    pub(super) fn at_leisure(&mut self, question: Question) {
        self.waiting.push_back(question);
        self.go_on();
    }

    /// What was read since the last time.
    pub(super) fn answers(&mut self) -> Vec<Read> {
        let readers = [&mut self.libraries, &mut self.programs, &mut self.large];
        let answers = readers.into_iter().filter_map(Analyst::answer).collect();
        self.go_on();
        answers
    }

    /// Whether something is being read.
    pub(super) fn is_busy(&self) -> bool {
        self.all().any(Analyst::is_busy)
    }

    /// Whether a program is.
    #[cfg(test)]
    pub(super) const fn has_a_program(&self) -> bool {
        self.programs.is_busy() || self.large.is_busy()
    }

    /// Readable when one of those that read is done.
    pub(super) fn bells(&self) -> Vec<BorrowedFd<'_>> {
        let busy = self.all().filter(|reader| reader.is_busy());
        busy.map(|reader| reader.as_fd()).collect()
    }

    fn go_on(&mut self) {
        if !self.large.is_busy()
            && let Some(question) = self.waiting.pop_front()
        {
            self.large.ask(question);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Analyst> {
        [&self.libraries, &self.programs, &self.large].into_iter()
    }
}
