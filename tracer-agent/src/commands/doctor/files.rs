//! Files with TLS, each once, whoever uses it.

use std::collections::{BTreeMap, HashMap};

use super::{
    report::{FileOutcome, Located, Missed, Point, TlsFile},
    running::FileCalls,
};
use crate::{
    capture::{
        discover::{FileNumber, SurveyedFile},
        plan::{Implementation, ProbePlan, ProbePoint},
        symbols::NotTraceable,
    },
    printable::Printable,
    telemetry::{
        coverage::{FailureLabel, shown_build_id},
        label::Label as _,
    },
};

/// The files that processes use. Containers have different files by the same path, and the same file by
/// different device numbers.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Those that would be probed first. More than one of a key where files of one build id are not alike,
    /// as after `strip`.
    by_content: BTreeMap<(bool, String, Content), Vec<TlsFile>>,
}

/// What tells files of one path apart.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Build(String),
    Number(FileNumber),
}

impl Files {
    /// Notes that a process uses a file.
    pub(super) fn used(&mut self, file: &SurveyedFile, outcome: FileOutcome, pid: u32) {
        let path = file.path.display().to_string();
        let build_id = file.content.build_id.as_ref().map(ToString::to_string);
        let content = match &build_id {
            Some(build_id) => Content::Build(build_id.clone()),
            None => Content::Number(file.content.number),
        };
        let probed = matches!(outcome, FileOutcome::Probed { .. });
        let alike = self
            .by_content
            .entry((!probed, path.clone(), content))
            .or_default();
        match alike.iter_mut().find(|known| known.outcome == outcome) {
            Some(known) => known.pids.push(pid),
            None => alike.push(TlsFile {
                path,
                build_id,
                pids: vec![pid],
                calls_seen: None,
                outcome,
            }),
        }
    }

    /// All of them, with the calls that the running agent has seen, where it can be told through which.
    pub(super) fn told(self, calls: &FileCalls) -> Vec<TlsFile> {
        let mut files: Vec<TlsFile> = self.by_content.into_values().flatten().collect();
        let mut probed: HashMap<_, u32> = HashMap::new();
        for file in &files {
            *probed.entry(labels(file)).or_default() += u32::from(file.is_probed());
        }
        for file in &mut files {
            file.pids.sort_unstable();
            let labels = labels(file);
            if file.is_probed() && probed.get(&labels) == Some(&1) {
                file.calls_seen = calls.get(&labels).copied();
            }
        }
        files
    }
}

impl TlsFile {
    const fn is_probed(&self) -> bool {
        matches!(self.outcome, FileOutcome::Probed { .. })
    }
}

/// Path and build id as labels of metrics show them.
fn labels(file: &TlsFile) -> (String, String) {
    let build_id = file.build_id.as_deref().unwrap_or_default();
    let path = Printable(&file.path).to_string();
    (path, shown_build_id(build_id).to_owned())
}

/// `None` for a file without TLS.
pub(super) fn outcome(file: &SurveyedFile) -> Option<FileOutcome> {
    match &file.content.outcome {
        Ok(plan) => Some(probed(plan)),
        Err(NotTraceable::NoTlsSymbols) => None,
        Err(reason) => Some(FileOutcome::NotTraceable(missed(reason))),
    }
}

fn probed(plan: &ProbePlan) -> FileOutcome {
    FileOutcome::Probed {
        tls: plan.found.iter().map(located).collect(),
        points: plan.points.iter().map(point).collect(),
        missed: plan.missed.iter().map(missed).collect(),
    }
}

fn located(found: &Implementation) -> Located {
    Located {
        family: found.family.name(),
        located_by: found.located.name(),
    }
}

fn missed(reason: &NotTraceable) -> Missed {
    Missed {
        code: FailureLabel::from(reason).name(),
        reason: reason.to_string(),
        advice: advice(reason),
    }
}

fn point(point: &ProbePoint) -> Point {
    let (name, cost) = (point.name.clone(), point.cost.to_string());
    Point {
        role: point.role.name(),
        name,
        file_offset: point.file_offset,
        cost,
    }
}

/// What somebody can do who wants these calls traced.
fn advice(reason: &NotTraceable) -> &'static str {
    match reason {
        NotTraceable::Go => {
            "build it with the standard toolchain of Go, and no tool that hides names (garble)"
        }
        NotTraceable::OldGo => "build it with Go 1.17 or later, on arm64 with 1.18 or later",
        NotTraceable::Unknown => {
            "use a build with OpenSSL, GnuTLS or NSS, or send its calls through a proxy on this host that uses OpenSSL"
        }
        NotTraceable::Rustls => {
            "use a build with optimisation and rustls 0.23, or one with OpenSSL (native-tls)"
        }
        NotTraceable::Java => {
            "let it use TLS in native code (netty-tcnative, Conscrypt), or send its calls through a proxy on this host that uses OpenSSL"
        }
        NotTraceable::GnuTls | NotTraceable::Nss => {
            "use the library as distributions build it, or send its calls through a proxy on this host that uses OpenSSL"
        }
        NotTraceable::StrippedBoringSsl | NotTraceable::StrippedOpenSsl => {
            "use a build that keeps its symbol table, or one that loads libssl"
        }
        NotTraceable::WrongArchitecture(_) => "emulated programs cannot be traced",
        NotTraceable::Unreadable(_) => {
            "run doctor as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
        }
        NotTraceable::NeedsReturnProbes => {
            "use a kernel on which return probes harm nobody (Linux 6.14 or a back-port of its fix)"
        }
        NotTraceable::NoTlsSymbols => "nothing to do",
        NotTraceable::TooManyFiles(_) => {
            "choose the processes to trace with `--exe`, `--include` or `--exclude`"
        }
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
