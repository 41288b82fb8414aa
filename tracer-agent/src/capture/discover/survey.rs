//! One look at every process of the host, for reports.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::judge::examine;
use super::mapped::{mapped_files, process_ids};
use crate::capture::plan::{ProbePlan, Returns};
use crate::capture::symbols::NotTraceable;

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
    /// Where it would be probed, or why not. Shared between the processes that map the file.
    pub outcome: Arc<Result<ProbePlan, NotTraceable>>,
}

/// Surveys the processes under `proc_root` (`/proc`) for files whose calls can be seen to return by
/// `returns`. Kernel threads are left out. Every file is
/// analysed once, however many processes map it.
pub fn survey(proc_root: &Path, returns: Returns) -> io::Result<Vec<SurveyedProcess>> {
    let mut outcomes = HashMap::new();
    let mut processes = Vec::new();
    for pid in process_ids(proc_root)? {
        let (files, unreadable) = match mapped_files(proc_root, pid) {
            Ok(files) => (files, None),
            Err(error) => (Vec::new(), Some(error.kind())),
        };
        let files: Vec<SurveyedFile> = files
            .into_iter()
            .map(|file| {
                let outcome = outcomes
                    .entry(file.key)
                    .or_insert_with(|| Arc::new(examine(proc_root, &file, returns)))
                    .clone();
                SurveyedFile {
                    path: file.path,
                    outcome,
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
