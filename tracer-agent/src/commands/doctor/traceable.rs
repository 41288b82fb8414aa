//! What can be traced on this host, by process and by file.

use tracer_core::semconv::{Value, resource};

use super::{
    blind_spots,
    files::{Files, outcome},
    report::{FileOutcome, TlsFile, TlsProcess},
    running::Seen,
};
use crate::{
    capture::{discover::SurveyedProcess, plan::TlsFamily},
    host::{
        process::{Inspector, ProcessFacts},
        program::Runtime,
        rules::Selection,
        unseen::Look,
    },
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
    seen: &Seen,
) -> Traceable {
    let mut look = Look::new(inspector.proc(), blind_spots::BOUNDS);
    let mut traceable = Traceable::default();
    let mut files = Files::default();
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
        let unseen = look.at(process.pid, !with_tls.is_empty());
        let calls = seen.calls_of(process.pid, inspector.proc());
        if with_tls.is_empty() && unseen.is_empty() && calls.is_none() {
            traceable.without_tls += 1;
            continue;
        }
        let mut entry = describe(process.pid, inspector, selection);
        for (file, outcome) in with_tls {
            entry.traceable |= matches!(outcome, FileOutcome::Probed { .. });
            entry.files.push(file.path.display().to_string());
            entry.adopt(&outcome);
            files.used(file, outcome, process.pid);
        }
        entry
            .blind_spots
            .extend(unseen.iter().map(blind_spots::missed));
        if let Some(calls) = calls {
            entry.traceable |= calls.calls_at_sockets > 0;
            entry.calls_seen = Some(calls.calls);
            entry.calls_at_sockets = Some(calls.calls_at_sockets);
        }
        traceable.processes.push(entry);
    }
    traceable.processes.sort_by_key(|process| process.pid);
    traceable.files = files.told(&seen.files);
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
        calls_seen: None,
        calls_at_sockets: None,
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
