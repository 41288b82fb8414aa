//! The report for people.

use std::{collections::BTreeSet, fmt};

use super::report::{Answer, FileOutcome, Missed, Report, TlsFile};
use crate::{printable::Printable, telemetry::coverage::shown_build_id};

/// Process ids shown of a file before the rest is only counted.
const SHOWN_PIDS: usize = 6;

/// Displays a report as text.
pub struct Text<'a>(pub &'a Report);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { agent, kernel, .. } = self.0;
        writeln!(
            f,
            "tracer-agent {} on Linux {} {}",
            agent.version, kernel.release, kernel.architecture
        )?;
        self.kernel(f)?;
        self.rights(f)?;
        self.kubernetes(f)?;
        self.files(f)?;
        self.processes(f)?;
        self.verdict(f)
    }
}

impl Text<'_> {
    fn kernel(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nKernel")?;
        for feature in &self.0.kernel.features {
            let mark = match feature.support {
                Answer::Yes => "yes",
                Answer::No => "no",
                Answer::Unknown => "?",
            };
            let reason = feature
                .reason
                .as_deref()
                .map(|it| format!(" ({})", Printable(it)))
                .unwrap_or_default();
            writeln!(
                f,
                "  {mark:<4} {:<18} to {}{reason}",
                feature.name, feature.used_for
            )?;
        }
        Ok(())
    }

    fn rights(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nCapabilities")?;
        for line in &self.0.capabilities {
            let mark = match (line.held, line.required) {
                (true, _) => "yes",
                (false, true) => "NO",
                (false, false) => "no",
            };
            writeln!(f, "  {mark:<4} {:<22} to {}", line.name, line.purpose)?;
        }
        writeln!(f, "\nLimits")?;
        for limit in &self.0.limits {
            writeln!(
                f,
                "  {:<20} {:<12} {}",
                limit.name, limit.value, limit.meaning
            )?;
        }
        Ok(())
    }

    fn kubernetes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(kubernetes) = &self.0.kubernetes else {
            return Ok(());
        };
        writeln!(f, "\nKubernetes")?;
        let (api, node) = (&kubernetes.api, &kubernetes.node);
        match (kubernetes.pods, &kubernetes.reason) {
            (Some(pods), _) => writeln!(f, "  yes  {api} tells of {pods} pods on {node}"),
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or_default();
                writeln!(f, "  no   {api}: {}", Printable(reason))
            }
        }
    }

    fn files(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nFiles with TLS, in use now")?;
        if let Some(reason) = &self.0.running_agent.reason {
            writeln!(f, "  {}", Printable(reason))?;
        }
        if self.0.files.is_empty() {
            writeln!(f, "  none")?;
        }
        for file in &self.0.files {
            match &file.outcome {
                FileOutcome::Probed {
                    tls,
                    points,
                    missed,
                } => {
                    let path = Printable(&file.path);
                    let build_id = build_id(file);
                    let users = used_by(file);
                    let found: Vec<String> = tls
                        .iter()
                        .map(|found| format!("{} by {}", found.family, found.located_by))
                        .collect();
                    let seen = file.calls_seen.map(|calls| format!(", {calls} calls seen"));
                    let seen = seen.unwrap_or_default();
                    writeln!(
                        f,
                        "  yes  {path} ({}{build_id}), {users}{seen}",
                        found.join(", ")
                    )?;
                    for point in points {
                        writeln!(
                            f,
                            "         {:<9}{} [{}]",
                            point.role,
                            Printable(&point.name),
                            point.cost
                        )?;
                    }
                    for missed in missed {
                        writeln!(f, "         not {}", Printable(&missed.reason))?;
                        writeln!(f, "         {}", missed.advice)?;
                    }
                }
                FileOutcome::NotTraceable(Missed { reason, advice, .. }) => {
                    writeln!(f, "  no   {}, {}", Printable(&file.path), used_by(file))?;
                    writeln!(f, "         {}", Printable(reason))?;
                    writeln!(f, "         {advice}")?;
                }
            }
        }
        Ok(())
    }

    fn processes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nProcesses with TLS, or with calls that were seen")?;
        for process in &self.0.processes {
            let mark = match (process.traceable, process.selected) {
                (true, true) => "yes",
                (true, false) => "off",
                (false, _) => "no",
            };
            let runtime = match (&process.runtime, &process.runtime_version) {
                (Some(runtime), Some(version)) => format!("{runtime} {version}"),
                (Some(runtime), None) => runtime.clone(),
                (None, _) => "-".to_owned(),
            };
            let files: BTreeSet<&str> = process
                .files
                .iter()
                .map(|path| crate::host::program::file_name(path))
                .collect();
            let files: Vec<&str> = files.into_iter().collect();
            let calls = match (process.calls_seen, process.calls_at_sockets) {
                (None, _) => String::new(),
                (Some(calls), Some(0) | None) => format!("  {calls} calls seen"),
                (Some(calls), Some(at_sockets)) => {
                    format!("  {calls} calls seen, {at_sockets} of them at sockets")
                }
            };
            writeln!(
                f,
                "  {mark:<4} {:>7}  {:<20} {runtime:<14} {}{calls}",
                process.pid,
                Printable(&process.name).to_string(),
                Printable(files.join(", "))
            )?;
            for missed in &process.blind_spots {
                writeln!(f, "         not {}", Printable(&missed.reason))?;
                writeln!(f, "         {}", missed.advice)?;
            }
        }
        writeln!(
            f,
            "  {} more, {} could not be looked at",
            self.0.without_tls,
            self.0.unreadable.len()
        )
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = if self.0.can_trace {
            "This host can be traced."
        } else {
            "Not ready to trace."
        };
        writeln!(f, "\n{words}")?;
        self.0
            .problems
            .iter()
            .try_for_each(|problem| writeln!(f, "  - {problem}"))
    }
}

/// Enough of a file's build id to tell it from others.
fn build_id(file: &TlsFile) -> String {
    let build_id = file.build_id.as_deref().map(shown_build_id);
    build_id
        .map(|id| format!(", build {id}"))
        .unwrap_or_default()
}

fn used_by(file: &TlsFile) -> String {
    let shown: Vec<String> = file
        .pids
        .iter()
        .take(SHOWN_PIDS)
        .map(u32::to_string)
        .collect();
    let more = file.pids.len().saturating_sub(SHOWN_PIDS);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let noun = if file.pids.len() == 1 {
        "process"
    } else {
        "processes"
    };
    format!("{noun} {}{more}", shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::{
        Agent, Kernel, Kubernetes, RunningAgent, SCHEMA_VERSION, TlsProcess,
    };

    /// Whoever can run a process chooses its name and the paths that it maps.
    #[test]
    fn names_of_others_do_nothing_to_the_terminal() {
        let hostile = "/tmp/ev\u{1b}[31mil\nready: fake\u{202e}/libssl.so.3";
        let report = Report {
            schema_version: SCHEMA_VERSION,
            can_trace: true,
            problems: Vec::new(),
            agent: Agent {
                version: "0",
                ebpf_program: true,
                root_pid_namespace: Some(true),
            },
            kernel: Kernel {
                release: "6.12".to_owned(),
                architecture: "x86_64",
                features: Vec::new(),
            },
            capabilities: Vec::new(),
            limits: Vec::new(),
            kubernetes: Some(Kubernetes {
                api: "10.96.0.1:443".to_owned(),
                node: "node-1".to_owned(),
                reached: Answer::No,
                pods: None,
                reason: Some(hostile.to_owned()),
            }),
            running_agent: RunningAgent {
                address: None,
                reached: Answer::No,
                reason: Some(hostile.to_owned()),
            },
            files: vec![TlsFile {
                calls_seen: None,
                build_id: None,
                path: hostile.to_owned(),
                pids: vec![7],
                outcome: FileOutcome::NotTraceable(Missed {
                    code: "unreadable",
                    reason: hostile.to_owned(),
                    advice: "",
                }),
            }],
            processes: vec![TlsProcess {
                pid: 7,
                name: hostile.to_owned(),
                service: String::new(),
                runtime: None,
                runtime_version: None,
                tls: Vec::new(),
                traceable: true,
                selected: true,
                files: vec![hostile.replace('/', "")],
                calls_seen: None,
                calls_at_sockets: None,
                blind_spots: vec![Missed {
                    code: "foreign_tls",
                    reason: hostile.to_owned(),
                    advice: "",
                }],
            }],
            without_tls: 0,
            unreadable: Vec::new(),
        };
        let text = Text(&report).to_string();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        assert!(
            !text.lines().any(|line| line.starts_with("ready")),
            "{text}"
        );
        assert!(
            text.contains(r"/tmp/ev\u{1b}[31mil\nready: fake\u{202e}"),
            "{text}"
        );
    }
}
