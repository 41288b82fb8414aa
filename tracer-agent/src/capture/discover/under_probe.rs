//! The files under probe: those that were found worth it, and are pinned by their descriptors.

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    os::{fd::AsRawFd as _, unix::fs::MetadataExt as _},
    time::Instant,
};

use super::{
    discovery::{Identity, Number},
    mapped::stamp_of,
    question::{Question, Subject},
    tracked::{Finding, Standing, Tracked},
};
use crate::capture::plan::Returns;

/// Files under probe at a time: each keeps a descriptor open.
pub(super) const MAX_TRACKED: usize = 512;
/// Files under probe that nobody uses any more, but somebody may again: what begins to use one of them
/// is seen from its first byte.
const MAX_UNUSED: usize = 128;

/// Bits of an inode number of overlayfs that are the layer file's. Above them it may number the file
/// systems of its layers, of which there are no more than 500; file systems that use so many bits
/// themselves leave it no room for that.
pub(super) const LAYER_INODE: u64 = (1 << 48) - 1;

/// Files by their number.
#[derive(Debug, Default)]
pub(super) struct UnderProbe {
    files: HashMap<Number, Tracked>,
    findings: u64,
}

impl UnderProbe {
    /// A number for the next finding.
    pub(super) const fn next_finding(&mut self) -> Finding {
        self.findings += 1;
        Finding(self.findings)
    }

    /// Whether one more may be probed.
    pub(super) fn has_room(&self) -> bool {
        self.files.len() < MAX_TRACKED
    }

    pub(super) fn insert(&mut self, at: Number, file: Tracked) {
        self.files.insert(at, file);
    }

    pub(super) fn remove(&mut self, at: Number) {
        self.files.remove(&at);
    }

    pub(super) fn get(&self, at: Number) -> Option<&Tracked> {
        self.files.get(&at)
    }

    pub(super) fn get_mut(&mut self, at: Number) -> Option<&mut Tracked> {
        self.files.get_mut(&at)
    }

    /// The file under probe whose probes also see this one.
    ///
    /// Beyond the same device and inode number, that is a file of an overlayfs layer. Every
    /// overlayfs mount has a device number of its own, but containers of one image share the files
    /// of its layers, and the kernel probes the file in the layer: told apart, it would be probed
    /// twice and every byte reported twice. The inode number there is the layer file's, but for the
    /// number of the layer's file system in its highest bits (`xino`), and a copy made for one
    /// container differs in its change time.
    pub(super) fn number_of(&self, file: &File, metadata: &Metadata) -> Option<Number> {
        let is_same = |number: &Number, tracked: &Tracked| {
            let layered = || is_overlay(file) || is_overlay(&tracked.file);
            let same_stamp = || tracked.stamp() == Some(stamp_of(metadata));
            *number == (metadata.dev(), metadata.ino()) || layered() && same_stamp()
        };
        let layer_inode = |inode: u64| inode & LAYER_INODE;
        self.files
            .iter()
            .filter(|(number, _)| layer_inode(number.1) == layer_inode(metadata.ino()))
            .find(|(number, tracked)| is_same(number, tracked))
            .map(|(number, _)| *number)
    }

    /// Those that are deleted.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &Tracked> {
        self.files.values().filter(|tracked| tracked.is_deleted())
    }

    /// Those that were not used since `since`, but for the latest of them and those that were probed before
    /// anybody used them.
    pub(super) fn unused(&self, since: Instant) -> Vec<Identity> {
        let mut unused: Vec<_> = self
            .files
            .values()
            .filter(|tracked| !tracked.ahead && tracked.used < since)
            .map(|tracked| (tracked.used, tracked.identity.clone()))
            .collect();
        unused.sort_unstable_by_key(|(used, _)| *used);
        unused.truncate(unused.len().saturating_sub(MAX_UNUSED));
        unused.into_iter().map(|(_, identity)| identity).collect()
    }

    /// Notes who uses the deleted files of these inode numbers, as maps show them; returns those that nobody
    /// uses, unless they were used since `since`.
    pub(super) fn departed(
        &mut self,
        found: &HashMap<u64, Option<u32>>,
        since: Instant,
    ) -> Vec<Identity> {
        let mut departed = Vec::new();
        for tracked in self.files.values_mut() {
            let Some(user) = found.get(&tracked.mapped_inode) else {
                continue;
            };
            if user.is_some() {
                tracked.witness = *user;
            } else if tracked.used < since && tracked.is_deleted() {
                departed.push(tracked.identity.clone());
            }
        }
        departed
    }

    /// Those whose content was replaced in place, and questions about those of which that is not certain.
    pub(super) fn overwritten(&mut self, returns: Returns) -> (Vec<Identity>, Vec<Question>) {
        let (mut overwritten, mut unsure) = (Vec::new(), Vec::new());
        for (number, tracked) in &mut self.files {
            match tracked.standing() {
                Standing::Same => {}
                Standing::Overwritten => overwritten.push(tracked.identity.clone()),
                Standing::Unsure(file) => unsure.push(Question {
                    subject: Subject::Known(tracked.finding),
                    file,
                    at: *number,
                    returns,
                }),
            }
        }
        (overwritten, unsure)
    }
}

fn is_overlay(file: &File) -> bool {
    // SAFETY: `statfs` is plain data for which all zeroes is a valid value.
    let mut info: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and `info` is a valid place for the answer.
    let failed = unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut info) } != 0;
    !failed && info.f_type == libc::OVERLAYFS_SUPER_MAGIC
}
