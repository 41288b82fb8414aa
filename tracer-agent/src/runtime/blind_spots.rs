//! Calls that are not seen, shown in the agent's own metrics.

use std::collections::{HashMap, HashSet};

use crate::{
    capture::{discover::BlindSpot, symbols::NotTraceable},
    host::{
        procfs::ProcFs,
        program::{Runtime, file_name},
    },
    telemetry::{
        blind::{BlindFiles, BlindMetrics, BlindProcesses},
        coverage::FailureLabel,
    },
};

/// Shows what the last look at all processes found, in place of what the one before it did.
pub(super) fn show(spots: &[BlindSpot], proc: &ProcFs, metrics: &BlindMetrics) {
    let mut runtimes: HashMap<u32, Option<&'static str>> = HashMap::new();
    let (mut files, mut processes) = (HashSet::new(), HashSet::new());
    for spot in spots {
        let reason = FailureLabel::from(&spot.reason);
        let runtime = *runtimes
            .entry(spot.pid)
            .or_insert_with(|| runtime(proc, spot));
        files.extend(spot.file.map(|file| (file, reason)));
        processes.insert((spot.pid, runtime, reason));
    }
    let mut by_reason = BlindFiles::new();
    for (_, reason) in files {
        *by_reason.entry(reason).or_default() += 1;
    }
    let mut by_runtime = BlindProcesses::new();
    for (_, runtime, reason) in processes {
        *by_runtime.entry((runtime, reason)).or_default() += 1;
    }
    metrics.show(&by_reason, by_runtime);
}

/// The language runtime of a process, if it is one that is known.
fn runtime(proc: &ProcFs, spot: &BlindSpot) -> Option<&'static str> {
    let by_path = || Runtime::of(file_name(&proc.exe(spot.pid)?))?.name();
    match spot.reason {
        NotTraceable::Go | NotTraceable::OldGo => Some("go"),
        _ => by_path(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::{capture::discover::FileKey, telemetry::Telemetry};

    fn spot(pid: u32, inode: u64, reason: NotTraceable) -> BlindSpot {
        BlindSpot {
            pid,
            file: Some(FileKey { device: 1, inode }),
            reason,
        }
    }

    #[test]
    fn files_and_processes_are_counted_by_reason_and_forgotten_when_gone() {
        let root = tempfile::tempdir().unwrap();
        for (pid, exe) in [
            ("7", "/usr/bin/java"),
            ("8", "/usr/bin/java"),
            ("9", "/app"),
        ] {
            fs::create_dir(root.path().join(pid)).unwrap();
            symlink(exe, root.path().join(pid).join("exe")).unwrap();
        }
        let proc = ProcFs::new(root.path());
        let telemetry = Telemetry::new();
        let spots = [
            spot(7, 1, NotTraceable::Java),
            spot(8, 1, NotTraceable::Java),
            spot(8, 2, NotTraceable::StrippedOpenSsl),
            spot(8, 3, NotTraceable::StrippedBoringSsl),
            spot(9, 4, NotTraceable::OldGo),
            BlindSpot {
                file: None,
                ..spot(10, 0, NotTraceable::Unreadable("not ours".to_owned()))
            },
        ];
        show(&spots, &proc, &telemetry.blind);
        let text = telemetry.render();
        let expected = [
            r#"llm_tracer_coverage_blind_files{reason="java"} 1"#,
            r#"llm_tracer_coverage_blind_files{reason="stripped"} 2"#,
            r#"llm_tracer_coverage_blind_files{reason="go"} 1"#,
            r#"llm_tracer_coverage_blind_files{reason="unreadable"} 0"#,
            r#"llm_tracer_coverage_blind_processes{runtime="java",reason="java"} 2"#,
            r#"llm_tracer_coverage_blind_processes{runtime="java",reason="stripped"} 1"#,
            r#"llm_tracer_coverage_blind_processes{runtime="go",reason="go"} 1"#,
            r#"llm_tracer_coverage_blind_processes{runtime="other",reason="unreadable"} 1"#,
        ];
        for line in expected {
            assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
        }
        show(&[], &proc, &telemetry.blind);
        let text = telemetry.render();
        let counts = text
            .lines()
            .filter(|line| line.contains("_blind_") && !line.starts_with('#'));
        assert!(counts.clone().count() >= expected.len());
        assert!(
            counts.into_iter().all(|line| line.ends_with(" 0")),
            "{text}"
        );
    }
}
