//! Opens candidates, analyses each file once, and remembers the outcome.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::discovery::{BinaryFound, FileNews, Identity};
use super::mapped::{FileKey, MappedFile, Stamp, stamp_of};
use super::recent::Recent;
use super::tracked::{Analysis, Code, Finding, Tracked, code_of};
use crate::capture::plan::Returns;
use crate::capture::symbols::{Machine, NotTraceable};

/// Outcomes remembered.
const MAX_JUDGED: usize = 4096;
/// Files under probe at a time: each keeps a descriptor open.
const MAX_TRACKED: usize = 512;
/// Files under probe that nobody uses any more, but somebody may again: what begins to use one of them
/// is seen from its first byte.
const MAX_UNUSED: usize = 128;

/// Bits of an inode number of overlayfs that are the layer file's. Above them it may number the file
/// systems of its layers, of which there are no more than 500; file systems that use so many bits
/// themselves leave it no room for that.
pub(super) const LAYER_INODE: u64 = (1 << 48) - 1;

/// Device and inode number as `stat` gives them.
type Number = (u64, u64);

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

/// A file to analyse, by whatever thread.
#[derive(Debug)]
pub(super) struct Question {
    candidate: MappedFile,
    file: File,
    at: Number,
    returns: Returns,
}

/// An analysed file; see [`Judge::conclude`].
#[derive(Debug)]
pub(super) struct Analysed {
    candidate: MappedFile,
    at: Number,
    /// Its stamp before it was read.
    stamp: Option<Stamp>,
    /// Whether that still was its stamp when it had been read.
    is_steady: bool,
    analysis: Analysis,
    /// What stood at the probes when it had been read.
    code: Option<Code>,
}

impl Question {
    /// Bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Reads the file: milliseconds for a library, up to seconds for a large program.
    pub(super) fn answer(self) -> Analysed {
        let stamp_now = |file: &File| file.metadata().ok().as_ref().map(stamp_of);
        let (stamp, same_file) = (stamp_now(&self.file), self.file.try_clone());
        let analysis = Analysis::of(self.file, self.returns);
        // Before the last look at its times: what is written behind that is noticed by them.
        let plan = analysis.outcome.as_ref().ok();
        let code = plan.and_then(|(plan, file)| code_of(file, plan));
        let stays = |now: Stamp| stamp.is_some_and(|stamp| now.has_content_of(&stamp));
        let is_steady = same_file.is_ok_and(|file| stamp_now(&file).is_some_and(stays));
        Analysed {
            candidate: self.candidate,
            at: self.at,
            stamp,
            is_steady,
            analysis,
            code,
        }
    }
}

/// Turns candidates into discoveries, each file once.
#[derive(Debug)]
pub(super) struct Judge {
    proc_root: PathBuf,
    returns: Returns,
    judged: Recent<FileKey, Judgement>,
    tracked: HashMap<Number, Tracked>,
    gone: u64,
    findings: u64,
    /// A file was written while it was read.
    unsteady: bool,
}

impl Judge {
    pub(super) fn new(proc_root: PathBuf, returns: Returns) -> Self {
        Self {
            proc_root,
            returns,
            judged: Recent::new(MAX_JUDGED),
            tracked: HashMap::new(),
            gone: 0,
            findings: 0,
            unsteady: false,
        }
    }

    /// Says what is new about a candidate: nothing when it was seen before, has ended meanwhile,
    /// or simply holds no TLS.
    pub(super) fn judge(&mut self, candidate: &MappedFile) -> Option<FileNews> {
        let question = self.question(candidate)?;
        self.conclude(question.answer())
    }

    /// What is to be found out about a candidate: nothing when it was seen before or has ended meanwhile.
    /// The answer is for [`Self::conclude`].
    pub(super) fn question(&mut self, candidate: &MappedFile) -> Option<Question> {
        match self.judged.get(&candidate.key) {
            Some(Judgement::Tracked(number)) => {
                let tracked = self.tracked.get_mut(&number)?;
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
            Some(Judgement::NoRoom(_)) if !self.has_room() => return None,
            Some(Judgement::Asked) => return None,
            Some(Judgement::NoRoom(_)) | None => {}
        }
        let Ok(file) = candidate.open(&self.proc_root) else {
            self.gone += 1;
            return None;
        };
        let metadata = file.metadata().ok()?;
        if let Some(number) = self.tracked_as(&file, &metadata) {
            self.judged
                .insert(candidate.key, Judgement::Tracked(number));
            return None;
        }
        self.judged.insert(candidate.key, Judgement::Asked);
        Some(Question {
            candidate: candidate.clone(),
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

    const fn next_finding(&mut self) -> Finding {
        self.findings += 1;
        Finding(self.findings)
    }

    fn has_room(&self) -> bool {
        self.tracked.len() < MAX_TRACKED
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
                let tracked = self.tracked.get(&number);
                tracked.map_or_else(Vec::new, |tracked| tracked.plan.missed.clone())
            }
            Some(Judgement::NoRoom(reason)) => vec![(*reason).clone()],
            Some(Judgement::Asked) | None => Vec::new(),
        }
    }

    /// Notes that a file is in use now.
    pub(super) fn used(&mut self, key: &FileKey) {
        if let Some(Judgement::Tracked(number)) = self.judged.get(key)
            && let Some(tracked) = self.tracked.get_mut(&number)
        {
            tracked.used = Instant::now();
        }
    }

    /// Forgets files under probe that were not used since `since`, but for the latest of them and
    /// those that were probed before anybody used them; seen again, they are news.
    pub(super) fn take_unused(&mut self, since: Instant) -> Vec<Identity> {
        let mut unused: Vec<_> = self
            .tracked
            .values()
            .filter(|tracked| !tracked.ahead && tracked.used < since)
            .map(|tracked| (tracked.used, tracked.identity.clone()))
            .collect();
        unused.sort_unstable_by_key(|(used, _)| *used);
        unused.truncate(unused.len().saturating_sub(MAX_UNUSED));
        let unused: Vec<Identity> = unused.into_iter().map(|(_, identity)| identity).collect();
        for identity in &unused {
            self.forget(identity);
        }
        unused
    }

    /// The file under probe whose probes also see this one.
    ///
    /// Beyond the same device and inode number, that is a file of an overlayfs layer. Every
    /// overlayfs mount has a device number of its own, but containers of one image share the files
    /// of its layers, and the kernel probes the file in the layer: told apart, it would be probed
    /// twice and every byte reported twice. The inode number there is the layer file's, but for the
    /// number of the layer's file system in its highest bits (`xino`), and a copy made for one
    /// container differs in its change time.
    fn tracked_as(&self, file: &File, metadata: &Metadata) -> Option<Number> {
        let is_same = |number: &Number, tracked: &Tracked| {
            let layered = || is_overlay(file) || is_overlay(&tracked.file);
            let same_stamp = || tracked.stamp() == Some(stamp_of(metadata));
            *number == (metadata.dev(), metadata.ino()) || layered() && same_stamp()
        };
        let layer_inode = |inode: u64| inode & LAYER_INODE;
        self.tracked
            .iter()
            .filter(|(number, _)| layer_inode(number.1) == layer_inode(metadata.ino()))
            .find(|(number, tracked)| is_same(number, tracked))
            .map(|(number, _)| *number)
    }

    /// Says what is new about a file that was analysed: nothing if it simply holds no TLS.
    pub(super) fn conclude(&mut self, analysed: Analysed) -> Option<FileNews> {
        let Analysed {
            candidate,
            at,
            stamp: analysed,
            is_steady,
            analysis: Analysis { build_id, outcome },
            code,
        } = analysed;
        let (device, inode) = at;
        self.judged.remove(&candidate.key);
        // Under other numbers, it may have been analysed twice at a time.
        if let Ok((_, file)) = &outcome
            && let Ok(metadata) = file.metadata()
            && let Some(number) = self.tracked_as(file, &metadata)
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
            self.has_room()
                .then_some(found)
                .ok_or(NotTraceable::TooManyFiles(MAX_TRACKED))
        });
        match outcome {
            Ok((plan, file)) => {
                let file = Arc::new(file);
                let witness = candidate.pid();
                let tracked = Tracked {
                    code: code.clone(),
                    finding: self.next_finding(),
                    identity: identity.clone(),
                    file: file.clone(),
                    mapped_inode: candidate.key.inode,
                    witness,
                    ahead: witness.is_none(),
                    used: Instant::now(),
                    plan: plan.clone(),
                    returns: self.returns,
                    analysed,
                };
                let finding = tracked.finding;
                self.tracked.insert(at, tracked);
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
                (reason != NotTraceable::NoTlsSymbols).then_some(FileNews::NotTraceable {
                    identity,
                    display_path,
                    pid,
                    reason,
                })
            }
        }
    }

    /// Files under probe that are deleted.
    pub(super) fn deleted(&mut self) -> Vec<&mut Tracked> {
        let is_deleted =
            |tracked: &Tracked| tracked.file.metadata().is_ok_and(|now| now.nlink() == 0);
        self.tracked
            .values_mut()
            .filter(|tracked| is_deleted(tracked))
            .collect()
    }

    /// Forgets the files under probe whose content was replaced in place, and names them: seen
    /// again, they are news.
    pub(super) fn take_overwritten(&mut self) -> Vec<Identity> {
        let overwritten: Vec<Identity> = self
            .tracked
            .values_mut()
            .filter_map(|tracked| tracked.was_overwritten().then(|| tracked.identity.clone()))
            .collect();
        for identity in &overwritten {
            self.forget(identity);
        }
        overwritten
    }

    /// A file could not be probed as it was found: seen again, it is news. What was found under its number
    /// since stays; tells whether nothing was.
    pub(super) fn failed(&mut self, identity: &Identity, finding: Finding) -> bool {
        let number = (identity.device, identity.inode);
        let tracked = self.tracked.get(&number);
        let is_same = tracked.is_some_and(|tracked| tracked.finding == finding);
        if is_same {
            self.forget(identity);
        }
        is_same
    }

    /// Forgets a file: seen again, it is news.
    pub(super) fn forget(&mut self, identity: &Identity) {
        let number = (identity.device, identity.inode);
        self.tracked.remove(&number);
        self.judged
            .remove_value(|judgement| *judgement == Judgement::Tracked(number));
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

fn is_overlay(file: &File) -> bool {
    // SAFETY: `statfs` is plain data for which all zeroes is a valid value.
    let mut info: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and `info` is a valid place for the answer.
    let failed = unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut info) } != 0;
    !failed && info.f_type == libc::OVERLAYFS_SUPER_MAGIC
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
