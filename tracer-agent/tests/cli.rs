//! Whole runs of the command, as a user sees them.

use std::collections::BTreeSet;
use std::{
    io::Write,
    process::{Command, Output},
};

/// The command in an environment that says nothing.
fn agent() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-agent"));
    command.env_clear();
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Standard error of a run that must fail in one line.
fn failure(command: &mut Command) -> String {
    one_line_and(1, command)
}

/// The same for a setting that makes no sense: what starts the agent again must see that it is no use.
fn wrong_setting(command: &mut Command) -> String {
    one_line_and(2, command)
}

fn one_line_and(status: i32, command: &mut Command) -> String {
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, Some(status), "{stdout}{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    stderr
}

#[test]
fn help_teaches_the_tool() {
    let (code, stdout, _) = run(agent().arg("--help"));
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("help", stdout);
    let (code, stdout, _) = run(agent().args(["run", "-h"]));
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("help-run", stdout);
    let (code, stdout, _) = run(agent().args(["doctor", "--help"]));
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("help-doctor", stdout);
    let (code, stdout, _) = run(agent().args(["replay", "--help"]));
    assert_eq!(code, Some(0));
    assert!(stdout.contains("--otlp-endpoint"), "{stdout}");
    let (code, stdout, _) = run(agent().args(["record", "-h"]));
    assert_eq!(code, Some(0));
    assert!(stdout.contains("--max-bytes"), "{stdout}");
}

#[test]
fn config_print_shows_values_and_sources() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(
        file,
        "[capture]\nring_size = '4MiB'\n[processes]\nexclude = ['curl']"
    )
    .unwrap();
    let (code, stdout, _) = run(agent()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary")
        .args(["config", "print", "--format", "json", "--config"])
        .arg(file.path()));
    assert_eq!(code, Some(0));
    let stdout = stdout.replace(&file.path().display().to_string(), "FILE");
    insta::assert_snapshot!("config-print", stdout);
}

#[test]
fn config_check_accepts_and_refuses() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "[capture]\nring_size = '4MiB'").unwrap();
    let (code, stdout, stderr) = run(agent().args(["config", "check"]).arg(file.path()));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.ends_with(": ok\n"), "{stdout}");

    writeln!(file, "ring = 1").unwrap();
    let stderr = wrong_setting(agent().args(["config", "check"]).arg(file.path()));
    assert!(
        stderr.contains(":3:1: unknown key `capture.ring`"),
        "{stderr}"
    );

    let stderr = failure(agent().args(["config", "check", "/nonexistent/file.toml"]));
    assert!(
        stderr.contains("/nonexistent/file.toml") && stderr.contains("check"),
        "{stderr}"
    );
}

#[test]
fn bad_flags_and_variables_are_told_like_bad_files() {
    let stderr = wrong_setting(agent().args(["run", "--format", "xml"]));
    assert!(
        stderr.contains("--format: \"xml\"") && stderr.contains("text, json or none"),
        "{stderr}"
    );
    let stderr = wrong_setting(agent().arg("run").env("LLM_TRACER_RING_SIZE", "7MiB"));
    assert!(
        stderr.contains("environment variable LLM_TRACER_RING_SIZE"),
        "{stderr}"
    );
    assert!(stderr.contains("power of two"), "{stderr}");
}

/// `--exe "$UNSET"` must not mean every process.
#[test]
fn an_empty_choice_of_processes_is_refused() {
    for flag in ["--exe", "--pid", "--include", "--exclude"] {
        for empty in ["", " ", ","] {
            let stderr = wrong_setting(agent().args(["config", "print", flag, empty]));
            let told = stderr.contains(flag) && stderr.contains("give it a value or leave it out");
            assert!(told, "{stderr}");
        }
    }
    let mut unset = agent();
    unset.env("LLM_TRACER_EXES", "").args(["config", "print"]);
    assert_eq!(run(&mut unset).0, Some(0));
}

#[test]
fn files_that_cannot_be_used_are_told_with_what_to_do() {
    let stderr = failure(agent().args(["replay", "/nonexistent"]));
    assert!(
        stderr.contains("cannot read the tape /nonexistent") && stderr.contains("check the path"),
        "{stderr}"
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[agent]\nlog = '\xff'\n").unwrap();
    let stderr = wrong_setting(agent().args(["config", "check"]).arg(file.path()));
    assert!(
        stderr.contains(":2:8: bytes that are not UTF-8; save the file"),
        "{stderr}"
    );
}

#[test]
fn without_privileges_each_missing_capability_is_named() {
    let mut command = Command::new("setpriv");
    command.env_clear().args([
        "--bounding-set=-all",
        "--inh-caps=-all",
        env!("CARGO_BIN_EXE_tracer-agent"),
        "run",
    ]);
    match Command::new("setpriv")
        .args(["--bounding-set=-all", "--inh-caps=-all", "true"])
        .status()
    {
        Ok(status) if status.success() => {}
        _ => {
            println!("skipped: setpriv is missing or may not drop capabilities here");
            return;
        }
    }
    let stderr = failure(&mut command);
    for name in [
        "CAP_BPF",
        "CAP_PERFMON",
        "CAP_SYS_PTRACE",
        "CAP_DAC_READ_SEARCH",
        "root",
    ] {
        assert!(stderr.contains(name), "{stderr}");
    }
}

#[test]
fn doctor_reports_as_json() {
    let (code, stdout, stderr) = run(agent().args(["doctor", "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect(&stderr);
    assert_eq!(code == Some(0), report["can_trace"] == true, "{stdout}");
    if report["can_trace"] == false {
        assert_ne!(report["problems"].as_array().unwrap().len(), 0);
    }
    assert_eq!(report["agent"]["version"], env!("CARGO_PKG_VERSION"));
    let names = |list: &serde_json::Value| -> Vec<String> {
        let name = |it: &serde_json::Value| it["name"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(
        names(&report["kernel"]["features"]),
        [
            "btf",
            "ring_buffer",
            "uprobe_session",
            "uprobe_multi",
            "perf_uprobe",
            "plain_uprobe",
            "socket_moves",
            "perf_mmap_records",
            "plain_http"
        ]
    );
    assert!(names(&report["capabilities"]).contains(&"CAP_BPF".to_owned()));
    for file in report["files"].as_array().unwrap() {
        match file["traceable"].as_str() {
            Some("yes") => assert_ne!(file["points"].as_array().unwrap().len(), 0),
            Some("no") => assert!(file["reason"].is_string() && file["advice"].is_string()),
            other => panic!("traceable is {other:?}"),
        }
    }
}

/// Paths of all fields of a document, as the reference writes them.
fn paths(value: &serde_json::Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                paths(value, &format!("{path}{dot}{name}"), into);
            }
        }
        serde_json::Value::Array(list) => {
            for value in list {
                paths(value, &format!("{path}[]"), into);
            }
        }
        _ => {
            into.insert(path.to_owned());
        }
    }
}

#[test]
fn the_reference_knows_every_field_of_the_report() {
    let (_, stdout, stderr) = run(agent().args(["doctor", "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect(&stderr);
    assert_eq!(report["schema_version"], 2);
    let mut reported = BTreeSet::new();
    paths(&report, "", &mut reported);
    let known: BTreeSet<String> = tracer_agent::docs::doctor::FIELDS
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    let unknown: Vec<_> = reported.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let page = include_str!("../../docs/reference/doctor.md");
    assert!(known.iter().all(|path| page.contains(&format!("`{path}`"))));
}

#[test]
fn doctor_reports_as_text() {
    let (_, stdout, _) = run(agent().arg("doctor"));
    for heading in [
        "Kernel",
        "Capabilities",
        "Limits",
        "Files with TLS",
        "Processes with TLS",
    ] {
        assert!(stdout.contains(&format!("\n{heading}")), "{stdout}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, stdout, _) = run(agent().args(["completions", shell]));
        assert_eq!(code, Some(0));
        for word in ["doctor", "exchange-cap", "reader-priority"] {
            assert!(stdout.contains(word), "{shell}: {word}");
        }
        assert!(!stdout.contains("no-such-flag"));
    }
}

#[test]
fn an_unwritable_path_is_told() {
    let stderr = failure(agent().args(["generate-docs", "/proc/nowhere"]));
    assert!(stderr.contains("cannot write /proc/nowhere"), "{stderr}");
}

/// What cannot be tried is not said to be missing.
#[test]
fn doctor_without_rights_does_not_blame_the_kernel() {
    /// `nobody`, who holds no capability.
    const NOBODY: u32 = 65_534;
    let mut doctor = agent();
    doctor.args(["doctor", "--format", "json"]);
    if rustix::process::geteuid().is_root() {
        std::os::unix::process::CommandExt::uid(&mut doctor, NOBODY);
    }
    let Ok(output) = doctor.output() else {
        return println!("skipped: the agent cannot be run by another user");
    };
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let features = report["kernel"]["features"].as_array().unwrap();
    for name in [
        "ring_buffer",
        "uprobe_session",
        "uprobe_multi",
        "perf_uprobe",
    ] {
        let feature = features.iter().find(|it| it["name"] == name).unwrap();
        assert_eq!(feature["support"], "unknown", "{feature}");
    }
    let problems = report["problems"].to_string();
    assert!(problems.contains("CAP_BPF is missing"), "{problems}");
    assert!(!problems.contains("use Linux"), "{problems}");
}
