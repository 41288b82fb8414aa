//! Who uses which file, as one look at all processes finds it: what is not seen, and what is probed for
//! nobody any more.

use std::{
    collections::{HashMap, HashSet},
    io,
    time::Instant,
};

use super::{
    discovery::{BlindSpot, Discovery, FileNews, LookedAt},
    judge::Judge,
    mapped::{FileKey, MappedFile},
};
use crate::capture::symbols::NotTraceable;

/// Uses that are noted. Bias: on a host with more, some blind spots are not counted.
const MAX_USES: usize = 1 << 16;

/// A look under way.
#[derive(Debug)]
pub(super) struct Census {
    begun: Instant,
    uses: HashSet<(u32, FileKey)>,
    /// Processes that run a program.
    looked_at: HashSet<u32>,
    unreadable: HashMap<u32, String>,
}

impl Census {
    pub(super) fn begin(now: Instant) -> Self {
        Self {
            begun: now,
            uses: HashSet::new(),
            looked_at: HashSet::new(),
            unreadable: HashMap::new(),
        }
    }

    /// When.
    pub(super) const fn begun(&self) -> Instant {
        self.begun
    }

    /// Notes what a process maps. Files that are known to hold no TLS do not matter.
    pub(super) fn uses(&mut self, pid: u32, files: &[MappedFile], judge: &mut Judge) {
        if !files.is_empty() && self.looked_at.len() < MAX_USES {
            self.looked_at.insert(pid);
        }
        for file in files {
            if self.uses.len() < MAX_USES && !judge.holds_none(&file.key) {
                self.uses.insert((pid, file.key));
            }
        }
    }

    /// Notes that a process could not be looked at. Most have just ended.
    pub(super) fn cannot_read(&mut self, pid: u32, error: &io::Error) {
        if error.kind() == io::ErrorKind::PermissionDenied && self.unreadable.len() < MAX_USES {
            self.unreadable.insert(pid, error.to_string());
        }
    }

    /// What came out. `is_whole` once every file that was found is judged; of a process that uses one that is
    /// not, nothing is said.
    pub(super) fn conclude(self, judge: &mut Judge, is_whole: bool, news: &mut Vec<Discovery>) {
        let unreadable = self.unreadable.into_iter().map(|(pid, error)| BlindSpot {
            pid,
            file: None,
            reason: NotTraceable::Unreadable(error),
        });
        let mut blind_spots: Vec<BlindSpot> = unreadable.collect();
        let (mut with_tls, mut open) = (HashSet::new(), HashSet::new());
        for (pid, key) in self.uses {
            judge.used(&key);
            if !is_whole && judge.is_open(&key) {
                open.insert(pid);
            }
            let reasons = judge.missed(&key);
            if judge.tracks(&key) || !reasons.is_empty() {
                with_tls.insert(pid);
            }
            blind_spots.extend(reasons.into_iter().map(|reason| BlindSpot {
                pid,
                file: Some(key),
                reason,
            }));
        }
        let unused = judge.take_unused(self.begun).into_iter();
        news.extend(unused.map(|it| FileNews::Gone(it).into()));
        let looked_at = self.looked_at.difference(&open).map(|&pid| LookedAt {
            pid,
            has_tls: with_tls.contains(&pid),
        });
        news.push(Discovery::File(FileNews::LookedAround {
            blind_spots,
            looked_at: looked_at.collect(),
            is_whole,
        }));
    }
}
