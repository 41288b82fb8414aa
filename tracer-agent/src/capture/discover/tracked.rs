//! A file under probe, and whether it still is what was analysed.

use std::{
    fs::File,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};

use super::{
    discovery::Identity,
    judge::for_this_host,
    mapped::{Stamp, stamp_of},
    question::Content,
};
use crate::capture::{
    plan::{ProbePlan, Returns},
    symbols::{BuildId, ElfImage, NotTraceable, plan},
};

/// Bytes of code that are compared at each probe: the longest instruction has 15.
const CODE: usize = 16;

/// What stands at each probe of a plan, in its order.
pub(super) type Code = Vec<[u8; CODE]>;

/// Names one finding of a file: the same file has another one when it is found anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Finding(pub(super) u64);

/// A file under probe. Its descriptor is open, so its inode number is not reused.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) identity: Identity,
    pub(super) file: Arc<File>,
    /// Its inode number as maps of processes show it.
    pub(super) mapped_inode: u64,
    /// A process that mapped it when last looked.
    pub(super) witness: Option<u32>,
    /// Whether it was probed before anybody used it.
    pub(super) ahead: bool,
    /// When it was last known to be in use.
    pub(super) used: Instant,
    /// Where it is probed.
    pub(super) plan: ProbePlan,
    /// Its stamp when its content was last known to be the one that was analysed.
    pub(super) analysed: Option<Stamp>,
    /// What was at the probes then.
    pub(super) code: Option<Code>,
    /// Its stamp when it was last asked whether its content still is that.
    pub(super) asked: Option<Stamp>,
    /// Tells it from the same file found before or later.
    pub(super) finding: Finding,
}

impl Tracked {
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.file.metadata().ok().as_ref().map(stamp_of)
    }

    /// Whether it has no name any more.
    pub(super) fn is_deleted(&self) -> bool {
        self.file.metadata().is_ok_and(|now| now.nlink() == 0)
    }

    /// Whether its content was replaced in place. The kernel would go on to write its breakpoints
    /// where the old code had them, into the middle of the new: such probes must go at once.
    ///
    /// New names (package managers make hard links), deleting and changes of owner move the change time
    /// as well. Where the time of the content stands, only the code at the probes is looked at again: to
    /// read all of a large program takes long. Else all of it is to be read, and as long as the code at the
    /// probes is what it was they do no harm. Asked once for each change.
    pub(super) fn standing(&mut self) -> Standing {
        let now = self.stamp();
        if now == self.analysed || now.is_some() && now == self.asked {
            return Standing::Same;
        }
        if self.code.is_none() || self.code != code_of(&self.file, &self.plan) {
            return Standing::Overwritten;
        }
        if let (Some(now), Some(analysed)) = (now, self.analysed)
            && now.has_content_of(&analysed)
        {
            self.analysed = Some(now);
            return Standing::Same;
        }
        // Read while it was written again, it will not be found to be what it was.
        if self.asked.is_some() {
            return Standing::Same;
        }
        self.asked = now;
        let file = self.file.try_clone();
        file.map_or(Standing::Overwritten, Standing::Unsure)
    }

    /// Whether what was read of it is what was found; then it is known to stand.
    pub(super) fn is_still(&mut self, content: Content) -> bool {
        let Content {
            stamp,
            is_steady,
            analysis: Analysis { build_id, outcome },
            code,
        } = content;
        let is_same_plan = outcome.is_ok_and(|(plan, _)| plan == self.plan);
        let is_same = is_steady && is_same_plan && build_id == self.identity.build_id;
        if is_same {
            (self.analysed, self.code, self.asked) = (stamp, code, None);
        }
        is_same
    }
}

/// How a file under probe stands to what was found in it.
#[derive(Debug)]
pub(super) enum Standing {
    /// Nothing is known to the contrary.
    Same,
    /// Other code stands at its probes.
    Overwritten,
    /// Its content has another time: it is to be read.
    Unsure(File),
}

/// Whether a file still is what a plan was made for, as far as its times and the code at the probes tell.
pub(super) fn still_stands(
    file: &File,
    plan: &ProbePlan,
    analysed: Option<Stamp>,
    code: Option<&Code>,
) -> bool {
    let now = file.metadata().ok().as_ref().map(stamp_of);
    let (Some(now), Some(analysed)) = (now, analysed) else {
        return false;
    };
    now.has_content_of(&analysed) && code == code_of(file, plan).as_ref()
}

/// What stands at the probes of a plan; `None` if it cannot be read.
pub(super) fn code_of(file: &File, plan: &ProbePlan) -> Option<Code> {
    let at = |offset| {
        let mut code = [0; CODE];
        // Less stands there at the very end of a file.
        let read = file.read_at(&mut code, offset).ok()?;
        (read > 0).then_some(code)
    };
    plan.points
        .iter()
        .map(|point| at(point.file_offset))
        .collect()
}

/// What a file is and where it can be probed.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) build_id: Option<BuildId>,
    /// The plan, and the file that it is for.
    pub(super) outcome: Result<(ProbePlan, File), NotTraceable>,
}

/// What is said of a file whose analysis panics: it must not take those of all others with it.
const PANICKED: &str =
    "it makes the analysis fail in a way that it should not; please report this file";

impl Analysis {
    /// Reads a file that may be anything.
    pub(super) fn of(file: File, returns: Returns) -> Self {
        Self::or_panicked(move || Self::read(file, returns))
    }

    fn or_panicked(read: impl FnOnce() -> Self) -> Self {
        panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Self {
            build_id: None,
            outcome: Err(NotTraceable::Unreadable(PANICKED.to_owned())),
        })
    }

    fn read(file: File, returns: Returns) -> Self {
        let image = match ElfImage::new(file) {
            Ok(image) => image,
            Err(error) => {
                return Self {
                    build_id: None,
                    outcome: Err(error.into()),
                };
            }
        };
        let build_id = image.build_id();
        let outcome = for_this_host(image.machine()).and_then(|()| plan(&image, returns));
        Self {
            build_id,
            outcome: outcome.map(|plan| (plan, image.into_file())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_analysis_panics_is_unreadable() {
        let analysis = Analysis::or_panicked(|| panic!("as wanted"));
        let Err(NotTraceable::Unreadable(why)) = analysis.outcome else {
            panic!("{analysis:?}");
        };
        assert!(why.contains("report"), "{why}");
    }
}
