//! Opens candidates, analyses each file once, and remembers the outcome.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::discovery::{BinaryFound, FileNews, Identity, Number};
use super::mapped::{FileKey, MappedFile, Stamp};
use super::question::{Content, Question, Read, Subject};
use super::recent::Recent;
use super::tracked::{Analysis, Finding, Tracked};
use super::under_probe::{MAX_TRACKED, UnderProbe};
use crate::capture::plan::Returns;
use crate::capture::symbols::{Machine, NotTraceable};

/// Outcomes remembered.
const MAX_JUDGED: usize = 4096;

/// What was said of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Judgement {
    /// Under probe: its descriptor is open, so its inode number is not reused.
    Tracked(Number),
    /// Not for us, as long as change time and size stay; why, unless it simply holds no TLS.
    Rejected(Stamp, Option<Arc<NotTraceable>>),
    /// One too many: looked at again when there is room.
    NoRoom(Arc<NotTraceable>),
    /// Being analysed.
    Asked,
}

/// Turns candidates into discoveries, each file once.
#[derive(Debug)]
pub(super) struct Judge {
    proc_root: PathBuf,
    returns: Returns,
    judged: Recent<FileKey, Judgement>,
    under_probe: UnderProbe,
    gone: u64,
    /// A file was written while it was read.
    unsteady: bool,
}

impl Judge {
    pub(super) fn new(proc_root: PathBuf, returns: Returns) -> Self {
        Self {
            proc_root,
            returns,
            judged: Recent::new(MAX_JUDGED),
            under_probe: UnderProbe::default(),
            gone: 0,
            unsteady: false,
        }
    }

    /// Says what is new about a candidate, at once.
    #[cfg(test)]
    pub(super) fn judge(&mut self, candidate: &MappedFile) -> Option<FileNews> {
        let question = self.question(candidate)?;
        self.conclude(question.answer())
    }

    /// What is to be found out about a candidate: nothing when it was seen before or has ended meanwhile.
    /// The answer is for [`Self::conclude`].
    pub(super) fn question(&mut self, candidate: &MappedFile) -> Option<Question> {
        match self.judged.get(&candidate.key) {
            Some(Judgement::Tracked(number)) => {
                let tracked = self.under_probe.get_mut(number)?;
                // Known under other numbers: those are not pinned, and may mean another file now.
                let pinned = number == (candidate.key.device, candidate.key.inode);
                if pinned || tracked.stamp() == candidate.stamp(&self.proc_root) {
                    tracked.witness = tracked.witness.or(candidate.pid());
                    tracked.used = Instant::now();
                    return None;
                }
            }
            Some(Judgement::Rejected(stamp, _)) => {
                let now = candidate.stamp(&self.proc_root);
                if now.is_none_or(|now| now == stamp) {
                    return None;
                }
            }
            Some(Judgement::NoRoom(_)) if !self.under_probe.has_room() => return None,
            Some(Judgement::Asked) => return None,
            Some(Judgement::NoRoom(_)) | None => {}
        }
        let Ok(file) = candidate.open(&self.proc_root) else {
            self.gone += 1;
            return None;
        };
        let metadata = file.metadata().ok()?;
        if let Some(number) = self.under_probe.number_of(&file, &metadata) {
            self.judged
                .insert(candidate.key, Judgement::Tracked(number));
            return None;
        }
        self.judged.insert(candidate.key, Judgement::Asked);
        Some(Question {
            subject: Subject::New(candidate.clone()),
            file,
            at: (metadata.dev(), metadata.ino()),
            returns: self.returns,
        })
    }

    /// Whether a file is under probe.
    pub(super) fn tracks(&mut self, key: &FileKey) -> bool {
        matches!(self.judged.get(key), Some(Judgement::Tracked(_)))
    }

    /// Files that were gone before they were opened, since the last time.
    pub(super) const fn take_gone(&mut self) -> u64 {
        std::mem::replace(&mut self.gone, 0)
    }

    /// Whether a file was written while it was read, and not judged, since the last time.
    pub(super) const fn take_unsteady(&mut self) -> bool {
        std::mem::replace(&mut self.unsteady, false)
    }

    /// Whether it is not known yet what a file holds.
    pub(super) fn is_open(&mut self, key: &FileKey) -> bool {
        matches!(self.judged.get(key), None | Some(Judgement::Asked))
    }

    /// Whether a file was found not to be worth probing.
    pub(super) fn rejects(&mut self, key: &FileKey) -> bool {
        matches!(
            self.judged.get(key),
            Some(Judgement::Rejected(..) | Judgement::NoRoom(_))
        )
    }

    /// Whether a file was found to hold no TLS.
    pub(super) fn holds_none(&mut self, key: &FileKey) -> bool {
        matches!(self.judged.get(key), Some(Judgement::Rejected(_, None)))
    }

    /// Why calls through a file are not seen, or not all of them.
    pub(super) fn missed(&mut self, key: &FileKey) -> Vec<NotTraceable> {
        match self.judged.get(key) {
            Some(Judgement::Rejected(_, reason)) => {
                reason.iter().map(|it| (**it).clone()).collect()
            }
            Some(Judgement::Tracked(number)) => {
                let tracked = self.under_probe.get(number);
                tracked.map_or_else(Vec::new, |tracked| tracked.plan.missed.clone())
            }
            Some(Judgement::NoRoom(reason)) => vec![(*reason).clone()],
            Some(Judgement::Asked) | None => Vec::new(),
        }
    }

    /// Notes that a file is in use now.
    pub(super) fn used(&mut self, key: &FileKey) {
        if let Some(Judgement::Tracked(number)) = self.judged.get(key)
            && let Some(tracked) = self.under_probe.get_mut(number)
        {
            tracked.used = Instant::now();
        }
    }

    /// Says what is new about a file that was read: nothing if it simply holds no TLS and nobody named it,
    /// or is what it was.
    pub(super) fn conclude(&mut self, read: Read) -> Option<FileNews> {
        let Read {
            subject,
            at,
            content,
        } = read;
        match subject {
            Subject::New(candidate) => self.conclude_new(candidate, at, content),
            Subject::Known(finding) => self.conclude_known(finding, at, content),
        }
    }

    /// A file under probe whose content has another time: its probes stay if it is what it was.
    fn conclude_known(
        &mut self,
        finding: Finding,
        at: Number,
        content: Content,
    ) -> Option<FileNews> {
        let tracked = self.under_probe.get_mut(at)?;
        if tracked.finding != finding || tracked.is_still(content) {
            return None;
        }
        let identity = tracked.identity.clone();
        self.forget(&identity);
        // Those that map it are not news by themselves.
        self.unsteady = true;
        Some(FileNews::Gone(identity))
    }

    fn conclude_new(
        &mut self,
        candidate: MappedFile,
        at: Number,
        content: Content,
    ) -> Option<FileNews> {
        let Content {
            stamp: analysed,
            is_steady,
            analysis: Analysis { build_id, outcome },
            code,
        } = content;
        let (device, inode) = at;
        self.judged.remove(&candidate.key);
        // Under other numbers, it may have been analysed twice at a time.
        if let Ok((_, file)) = &outcome
            && let Ok(metadata) = file.metadata()
            && let Some(number) = self.under_probe.number_of(file, &metadata)
        {
            self.judged
                .insert(candidate.key, Judgement::Tracked(number));
            return None;
        }
        if outcome.is_ok() && !is_steady {
            // Half of one file and half of another, perhaps: read again when it is seen again.
            self.unsteady = true;
            return None;
        }
        let identity = Identity {
            device,
            inode,
            build_id,
        };
        let outcome = outcome.and_then(|found| {
            self.under_probe
                .has_room()
                .then_some(found)
                .ok_or(NotTraceable::TooManyFiles(MAX_TRACKED))
        });
        match outcome {
            Ok((plan, file)) => {
                let file = Arc::new(file);
                let witness = candidate.pid();
                let tracked = Tracked {
                    code: code.clone(),
                    finding: self.under_probe.next_finding(),
                    identity: identity.clone(),
                    file: file.clone(),
                    mapped_inode: candidate.key.inode,
                    witness,
                    ahead: witness.is_none(),
                    used: Instant::now(),
                    plan: plan.clone(),
                    analysed,
                    asked: None,
                };
                let finding = tracked.finding;
                self.under_probe.insert(at, tracked);
                self.judged.insert(candidate.key, Judgement::Tracked(at));
                let display_path = candidate.path.clone();
                let found = BinaryFound {
                    identity,
                    display_path,
                    pid: witness,
                    plan,
                    finding,
                    file,
                    analysed,
                    code,
                };
                Some(FileNews::Found(found))
            }
            Err(reason) => {
                let missed = reason != NotTraceable::NoTlsSymbols;
                let missed = missed.then(|| Arc::new(reason.clone()));
                let judgement = match (&reason, missed) {
                    (NotTraceable::TooManyFiles(_), Some(reason)) => {
                        Some(Judgement::NoRoom(reason))
                    }
                    // As it was before it was read: what was written meanwhile was not judged. Its process
                    // may be gone by now.
                    (_, missed) => analysed.map(|stamp| Judgement::Rejected(stamp, missed)),
                };
                if let Some(judgement) = judgement {
                    self.judged.insert(candidate.key, judgement);
                }
                let (display_path, pid) = (candidate.path.clone(), candidate.pid());
                let is_told = reason != NotTraceable::NoTlsSymbols || candidate.is_named();
                is_told.then_some(FileNews::NotTraceable {
                    identity,
                    display_path,
                    pid,
                    reason,
                })
            }
        }
    }

    /// Files under probe that are deleted.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &Tracked> {
        self.under_probe.deleted()
    }

    /// Forgets files under probe that were not used since `since`, but for the latest of them and
    /// those that were probed before anybody used them; names them. Seen again, they are news, as are those
    /// of the other `take_`s.
    pub(super) fn take_unused(&mut self, since: Instant) -> Vec<Identity> {
        let unused = self.under_probe.unused(since);
        self.forget_all(unused)
    }

    /// Notes who uses the deleted files under probe of these inode numbers, as maps show them, and forgets
    /// those that nobody uses, unless they were used since `since`; names these.
    pub(super) fn take_departed(
        &mut self,
        found: &HashMap<u64, Option<u32>>,
        since: Instant,
    ) -> Vec<Identity> {
        let departed = self.under_probe.departed(found, since);
        self.forget_all(departed)
    }

    /// Forgets the files under probe whose content was replaced in place, and names them. Files of which
    /// that is not certain are to be read again.
    pub(super) fn take_overwritten(&mut self) -> (Vec<Identity>, Vec<Question>) {
        let (overwritten, unsure) = self.under_probe.overwritten(self.returns);
        (self.forget_all(overwritten), unsure)
    }

    /// A file could not be probed as it was found: seen again, it is news. What was found under its number
    /// since stays; tells whether nothing was.
    pub(super) fn failed(&mut self, identity: &Identity, finding: Finding) -> bool {
        let tracked = self.under_probe.get(identity.number());
        let is_same = tracked.is_some_and(|tracked| tracked.finding == finding);
        if is_same {
            self.forget(identity);
        }
        is_same
    }

    /// Forgets a file: seen again, it is news.
    pub(super) fn forget(&mut self, identity: &Identity) {
        let number = identity.number();
        self.under_probe.remove(number);
        self.judged
            .remove_value(|judgement| *judgement == Judgement::Tracked(number));
    }

    fn forget_all(&mut self, files: Vec<Identity>) -> Vec<Identity> {
        files.iter().for_each(|identity| self.forget(identity));
        files
    }
}

/// Refuses code of another machine: it runs, if at all, under an emulator that probes do not see.
pub(super) fn for_this_host(machine: Machine) -> Result<(), NotTraceable> {
    let host = if cfg!(target_arch = "aarch64") {
        Machine::Aarch64
    } else {
        Machine::X86_64
    };
    if machine == host {
        Ok(())
    } else {
        Err(NotTraceable::WrongArchitecture(machine))
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
