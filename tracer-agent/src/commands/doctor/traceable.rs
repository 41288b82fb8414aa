//! What can be traced on this host, by process and by file.

use std::collections::BTreeMap;

use tracer_core::semconv::{Value, resource};

use super::{
    blind_spots::BlindSpots,
    report::{FileOutcome, Located, Missed, Point, TlsFile, TlsProcess},
    running::CallsSeen,
};
use crate::{
    capture::{
        discover::{SurveyedFile, SurveyedProcess},
        plan::{Implementation, ProbePlan, ProbePoint, TlsFamily},
        symbols::NotTraceable,
    },
    host::{
        process::{Inspector, ProcessFacts},
        program::Runtime,
        rules::Selection,
    },
    telemetry::{coverage::FailureLabel, label::Label as _},
};

/// What a survey amounts to.
#[derive(Debug, Default)]
pub struct Traceable {
    /// Files with TLS.
    pub files: Vec<TlsFile>,
    /// Processes with TLS, or with something else that is not seen.
    pub processes: Vec<TlsProcess>,
    /// Processes without.
    pub without_tls: usize,
    /// Processes that could not be looked at.
    pub unreadable: Vec<u32>,
}

/// Sorts the outcome of a survey.
pub fn sort(
    survey: &[SurveyedProcess],
    inspector: &Inspector,
    selection: &Selection,
    calls_seen: &CallsSeen,
) -> Traceable {
    let mut blind_spots = BlindSpots::new(inspector.proc());
    let mut traceable = Traceable::default();
    let mut files: BTreeMap<(bool, String), TlsFile> = BTreeMap::new();
    for process in survey {
        let with_tls: Vec<_> = process
            .files
            .iter()
            .filter_map(|file| Some((file, outcome(file)?)))
            .collect();
        if process.unreadable.is_some() {
            traceable.unreadable.push(process.pid);
            continue;
        }
        let not_seen = blind_spots.of(process.pid, !with_tls.is_empty());
        if with_tls.is_empty() && not_seen.is_empty() {
            traceable.without_tls += 1;
            continue;
        }
        let mut entry = describe(process.pid, inspector, selection);
        for (file, outcome) in with_tls {
            let path = file.path.display().to_string();
            let probed = matches!(outcome, FileOutcome::Probed { .. });
            entry.traceable |= probed;
            entry.files.push(path.clone());
            entry.adopt(&outcome);
            files
                .entry((!probed, path.clone()))
                .or_insert_with(|| TlsFile {
                    calls_seen: calls_seen.get(&path).copied(),
                    path,
                    pids: Vec::new(),
                    outcome,
                })
                .pids
                .push(process.pid);
        }
        entry.blind_spots.extend(not_seen);
        traceable.processes.push(entry);
    }
    traceable.processes.sort_by_key(|process| process.pid);
    traceable.files = files.into_values().collect();
    traceable
        .files
        .iter_mut()
        .for_each(|file| file.pids.sort_unstable());
    traceable
}

fn describe(pid: u32, inspector: &Inspector, selection: &Selection) -> TlsProcess {
    let info = inspector.inspect(pid);
    TlsProcess {
        pid,
        service: attribute(&info, resource::SERVICE_NAME).unwrap_or_default(),
        runtime: attribute(&info, resource::PROCESS_RUNTIME_NAME),
        runtime_version: attribute(&info, resource::PROCESS_EXECUTABLE_PATH)
            .and_then(|path| Runtime::version(&path)),
        tls: Vec::new(),
        name: info.name,
        traceable: false,
        selected: selection.admits_pid(inspector.proc(), pid),
        files: Vec::new(),
        blind_spots: Vec::new(),
    }
}

impl TlsProcess {
    /// Takes in what is known of one of its files.
    fn adopt(&mut self, outcome: &FileOutcome) {
        let missed = match outcome {
            FileOutcome::Probed { tls, missed, .. } => {
                for found in tls {
                    if !self.tls.contains(found) {
                        self.tls.push(*found);
                    }
                }
                missed.as_slice()
            }
            FileOutcome::NotTraceable(missed) => std::slice::from_ref(missed),
        };
        let goes = |family: &str| self.tls.iter().any(|found| found.family == family);
        let is_go = goes(TlsFamily::Go.name()) || missed.iter().any(|it| it.code == "go");
        if self.runtime.is_none() && is_go {
            self.runtime = Some("go".to_owned());
        }
        self.blind_spots.extend_from_slice(missed);
    }
}

fn attribute(info: &ProcessFacts, name: &str) -> Option<String> {
    info.resource.iter().find_map(|(key, value)| match value {
        Value::Str(text) if key == name => Some(text.to_string()),
        _ => None,
    })
}

/// `None` for a file without TLS.
fn outcome(file: &SurveyedFile) -> Option<FileOutcome> {
    match &*file.outcome {
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
