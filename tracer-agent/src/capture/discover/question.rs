//! A file to read, by a thread that has the time, and what was read.

use std::fs::File;

use super::discovery::Number;
use super::mapped::{MappedFile, Stamp, stamp_of};
use super::tracked::{Analysis, Code, Finding, code_of};
use crate::capture::plan::Returns;

/// What is asked about a file.
#[derive(Debug)]
pub(super) enum Subject {
    /// Whether and where it can be probed.
    New(MappedFile),
    /// Whether it still is what was found then.
    Known(Finding),
}

/// A file to read; see [`Judge::question`](super::judge::Judge::question).
#[derive(Debug)]
pub(super) struct Question {
    pub(super) subject: Subject,
    pub(super) file: File,
    pub(super) at: Number,
    pub(super) returns: Returns,
}

/// The answer; see [`Judge::conclude`](super::judge::Judge::conclude).
#[derive(Debug)]
pub(super) struct Read {
    pub(super) subject: Subject,
    pub(super) at: Number,
    pub(super) content: Content,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Content {
    /// Its stamp before it was read.
    pub(super) stamp: Option<Stamp>,
    /// Whether that still was its stamp when it had been read.
    pub(super) is_steady: bool,
    pub(super) analysis: Analysis,
    /// What stood at the probes when it had been read.
    pub(super) code: Option<Code>,
}

impl Question {
    /// Bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Reads the file: milliseconds for a library, up to seconds for a large program.
    pub(super) fn answer(self) -> Read {
        Read {
            subject: self.subject,
            at: self.at,
            content: Content::of(self.file, self.returns),
        }
    }
}

impl Content {
    fn of(file: File, returns: Returns) -> Self {
        let stamp_now = |file: &File| file.metadata().ok().as_ref().map(stamp_of);
        let (stamp, same_file) = (stamp_now(&file), file.try_clone());
        let analysis = Analysis::of(file, returns);
        // Before the last look at its times: what is written behind that is noticed by them.
        let plan = analysis.outcome.as_ref().ok();
        let code = plan.and_then(|(plan, file)| code_of(file, plan));
        let stays = |now: Stamp| stamp.is_some_and(|stamp| now.has_content_of(&stamp));
        let is_steady = same_file.is_ok_and(|file| stamp_now(&file).is_some_and(stays));
        Self {
            stamp,
            is_steady,
            analysis,
            code,
        }
    }
}
