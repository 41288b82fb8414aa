//! Opens candidates, analyses each file once, and remembers the outcome.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::discovery::{BinaryFound, Discovery, Identity};
use super::mapped::{FileKey, MappedFile};
use super::recent::Recent;
use crate::capture::symbols::{ElfImage, Machine, NotTraceable, plan};

/// Outcomes remembered.
const MAX_JUDGED: usize = 4096;
/// Files under probe at a time: each keeps a descriptor open.
const MAX_TRACKED: usize = 512;

/// A file's inode and device after overlayfs is seen through.
type Canonical = (u64, u64);

/// What was said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    /// Under probe: its descriptor is open, so its inode number is not reused.
    Tracked(Canonical),
    /// Not for us, as long as change time and size stay.
    Rejected((i64, i64, u64)),
}

/// Turns candidates into discoveries, each file once.
#[derive(Debug)]
pub(super) struct Judge {
    proc_root: PathBuf,
    judged: Recent<FileKey, Judgement>,
    tracked: HashMap<Canonical, Tracked>,
}

/// A file under probe.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) identity: Identity,
    pub(super) file: Arc<File>,
    /// Its inode number as maps of processes show it.
    pub(super) mapped_inode: u64,
    /// A process that mapped it when last looked.
    pub(super) witness: Option<u32>,
}

impl Judge {
    pub(super) fn new(proc_root: PathBuf) -> Self {
        Self {
            proc_root,
            judged: Recent::new(MAX_JUDGED),
            tracked: HashMap::new(),
        }
    }

    /// Says what is new about a candidate: nothing when it was seen before, has ended meanwhile,
    /// or simply holds no TLS.
    pub(super) fn judge(&mut self, candidate: &MappedFile) -> Option<Discovery> {
        match self.judged.get(&candidate.key) {
            Some(Judgement::Tracked(canonical)) => {
                let tracked = self.tracked.get_mut(&canonical)?;
                tracked.witness = tracked.witness.or(candidate.pid());
                return None;
            }
            Some(Judgement::Rejected(stamp)) => {
                if candidate
                    .stamp(&self.proc_root)
                    .is_none_or(|now| now == stamp)
                {
                    return None;
                }
            }
            None => {}
        }
        let file = candidate.open(&self.proc_root).ok()?;
        let canonical = canonical(&file).ok()?;
        if self.tracked.contains_key(&canonical) {
            self.judged
                .insert(candidate.key, Judgement::Tracked(canonical));
            return None;
        }
        self.analyse(candidate, file, canonical)
    }

    fn analyse(&mut self, candidate: &MappedFile, file: File, at: Canonical) -> Option<Discovery> {
        let (device, inode) = at;
        let mut identity = Identity {
            device,
            inode,
            build_id: None,
        };
        let outcome = ElfImage::new(file)
            .map_err(NotTraceable::from)
            .and_then(|image| {
                identity.build_id = image.build_id();
                for_this_host(image.machine())?;
                Ok((plan(&image)?, image.into_file()))
            });
        if outcome.is_ok() && self.tracked.len() >= MAX_TRACKED {
            tracing::warn!(path = %candidate.path.display(), "too many tls files: not probed");
            return None;
        }
        match outcome {
            Ok((plan, file)) => {
                let file = Arc::new(file);
                let witness = candidate.pid();
                let tracked = Tracked {
                    identity: identity.clone(),
                    file: file.clone(),
                    mapped_inode: candidate.key.inode,
                    witness,
                };
                self.tracked.insert(at, tracked);
                self.judged.insert(candidate.key, Judgement::Tracked(at));
                let display_path = candidate.path.clone();
                let found = BinaryFound {
                    identity,
                    display_path,
                    pid: witness,
                    plan,
                    file,
                };
                Some(Discovery::Found(found))
            }
            Err(reason) => {
                let stamp = candidate.stamp(&self.proc_root)?;
                self.judged
                    .insert(candidate.key, Judgement::Rejected(stamp));
                let (display_path, pid) = (candidate.path.clone(), candidate.pid());
                (reason != NotTraceable::NoTlsSymbols).then_some(Discovery::NotTraceable {
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

    /// Forgets a file: seen again, it is news.
    pub(super) fn forget(&mut self, identity: &Identity) {
        let canonical = (identity.device, identity.inode);
        self.tracked.remove(&canonical);
        self.judged
            .remove_value(|judgement| *judgement == Judgement::Tracked(canonical));
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

/// Device and inode that are the same exactly when a probe on one file also sees the other.
///
/// Every overlayfs mount has its own device number, but containers of one image share the files of
/// its layers, and the kernel probes the file in the layer: counting them apart would probe it
/// twice and report every byte twice. There the inode number is the layer file's; the change time
/// stands in for the device, and tells a copy made for one container from its origin.
fn canonical(file: &File) -> io::Result<Canonical> {
    let metadata = file.metadata()?;
    let device = if is_overlay(file) {
        let nanoseconds = metadata.ctime().wrapping_mul(1_000_000_000);
        nanoseconds
            .wrapping_add(metadata.ctime_nsec())
            .cast_unsigned()
            | 1 << 63
    } else {
        metadata.dev()
    };
    Ok((device, metadata.ino()))
}

fn is_overlay(file: &File) -> bool {
    // SAFETY: `statfs` is plain data for which all zeroes is a valid value.
    let mut info: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and `info` is a valid place for the answer.
    let failed = unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut info) } != 0;
    !failed && info.f_type == libc::OVERLAYFS_SUPER_MAGIC
}

/// Opens and plans one candidate without remembering it, with the fuller reason for a refusal.
pub(super) fn examine(
    proc_root: &Path,
    candidate: &MappedFile,
) -> Result<super::super::plan::ProbePlan, NotTraceable> {
    let file = candidate
        .open(proc_root)
        .map_err(|error| NotTraceable::Unreadable(format!("cannot open the file: {error}")))?;
    let image = ElfImage::new(file)?;
    for_this_host(image.machine())?;
    plan(&image).map_err(|reason| reason.explain(&image))
}
