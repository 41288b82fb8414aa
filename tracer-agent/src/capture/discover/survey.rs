//! One look at every process of the host, for reports.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::judge::for_this_host;
use super::mapped::{MappedFile, mapped_files, process_ids};
use super::under_probe::LAYER_INODE;
use crate::capture::plan::{ProbePlan, Returns};
use crate::capture::symbols::{BuildId, ElfImage, NotTraceable, plan};

/// A process, and what its files that may hold TLS offer.
#[derive(Debug)]
pub struct SurveyedProcess {
    /// Its id.
    pub pid: u32,
    /// Its program first, then libraries; empty when the process cannot be read.
    pub files: Vec<SurveyedFile>,
    /// Why the process cannot be read: mostly a missing capability (CAP_SYS_PTRACE).
    pub unreadable: Option<io::ErrorKind>,
}

/// A file as one process maps it.
#[derive(Debug, Clone)]
pub struct SurveyedFile {
    /// Its path as the process sees it.
    pub path: PathBuf,
    /// What it is. Shared between the processes that map the file.
    pub content: Arc<SurveyedContent>,
}

/// A file, whatever its path.
#[derive(Debug)]
pub struct SurveyedContent {
    /// GNU build id, if it has one that can be read.
    pub build_id: Option<BuildId>,
    /// Tells it from files without a build id.
    pub number: FileNumber,
    /// Where it would be probed, or why not.
    pub outcome: Result<ProbePlan, NotTraceable>,
}

/// Which file it is: the same in all containers of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileNumber {
    /// Its inode number, that of its layer on overlayfs.
    inode: u64,
    place: Place,
}

/// What tells files of one inode number apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// When it was changed (seconds, nanoseconds), and its size. Not its device: overlayfs has another one
    /// in each container. Bias: files of different devices that agree in all of this are taken for one.
    Stamp(i64, i64, u64),
    /// The device, of a file that could not be opened.
    Device(u64),
}

/// Surveys the processes under `proc_root` (`/proc`) for files whose calls can be seen to return by
/// `returns`. Kernel threads are left out. Every file is
/// analysed once, however many processes map it.
pub fn survey(proc_root: &Path, returns: Returns) -> io::Result<Vec<SurveyedProcess>> {
    let mut contents = HashMap::new();
    let mut processes = Vec::new();
    for pid in process_ids(proc_root)? {
        let (files, unreadable) = match mapped_files(proc_root, pid) {
            Ok(files) => (files, None),
            Err(error) => (Vec::new(), Some(error.kind())),
        };
        let files: Vec<SurveyedFile> = files
            .into_iter()
            .map(|file| {
                let look = || Arc::new(SurveyedContent::of(proc_root, &file, returns));
                SurveyedFile {
                    content: contents.entry(file.key).or_insert_with(look).clone(),
                    path: file.path,
                }
            })
            .collect();
        if !files.is_empty() || unreadable.is_some() {
            processes.push(SurveyedProcess {
                pid,
                files,
                unreadable,
            });
        }
    }
    Ok(processes)
}

impl SurveyedContent {
    /// Opens and plans one candidate, with the fuller reason for a refusal.
    fn of(proc_root: &Path, candidate: &MappedFile, returns: Returns) -> Self {
        let inode = candidate.key.inode & LAYER_INODE;
        let place = Place::Device(candidate.key.device);
        let mut content = Self {
            build_id: None,
            number: FileNumber { inode, place },
            outcome: Err(NotTraceable::NoTlsSymbols),
        };
        content.outcome = content.examine(proc_root, candidate, returns);
        content
    }

    fn examine(
        &mut self,
        proc_root: &Path,
        candidate: &MappedFile,
        returns: Returns,
    ) -> Result<ProbePlan, NotTraceable> {
        let file = candidate
            .open(proc_root)
            .map_err(|error| NotTraceable::Unreadable(format!("cannot open the file: {error}")))?;
        if let Ok(now) = file.metadata() {
            self.number.place = Place::Stamp(now.ctime(), now.ctime_nsec(), now.size());
        }
        let image = ElfImage::new(file)?;
        self.build_id = image.build_id();
        for_this_host(image.machine())?;
        plan(&image, returns).map_err(|reason| reason.explain(&image))
    }
}
