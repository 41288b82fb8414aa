//! The systemd unit against the agent.

use std::{collections::BTreeSet, fs, process::Command, time::Duration};

use tracer_agent::config::{effective::Config, layers::Layers};

use crate::{files, privileges};

fn unit() -> String {
    files::text(&files::deploy("systemd/llm-tracer.service"))
}

fn setting<'a>(unit: &'a str, name: &str) -> Option<&'a str> {
    unit.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn capabilities_are_those_that_the_agent_uses() {
    let unit = unit();
    for name in ["AmbientCapabilities", "CapabilityBoundingSet"] {
        let granted: BTreeSet<String> = setting(&unit, name)
            .unwrap()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        assert_eq!(granted, privileges::used(false), "{name}");
    }
}

#[test]
fn a_stop_leaves_time_to_send() {
    let unit = unit();
    let stop = setting(&unit, "TimeoutStopSec")
        .and_then(|value| value.strip_suffix('s'))
        .unwrap();
    let defaults = Config::resolve(&Layers::default()).unwrap();
    assert!(Duration::from_secs(stop.parse().unwrap()) > defaults.agent.shutdown_timeout);
}

/// The exit status for what only a person can change, as in the help of `run`.
#[test]
fn a_wrong_setting_is_not_tried_again() {
    assert_eq!(setting(&unit(), "RestartPreventExitStatus"), Some("2"));
}

#[test]
fn nothing_hides_the_processes() {
    let unit = unit();
    for name in [
        "PrivateUsers",
        "PrivatePIDs",
        "ProtectProc",
        "ProcSubset",
        "PrivateNetwork",
    ] {
        assert_eq!(setting(&unit, name), None, "{name}");
    }
    let calls = setting(&unit, "SystemCallFilter").unwrap();
    assert!(calls.split(' ').any(|call| call == "bpf"));
    assert!(calls.split(' ').any(|call| call == "perf_event_open"));
}

#[test]
fn systemd_understands_it() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        return println!("skipped: systemd-analyze is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("llm-tracer.service");
    // The agent need not be installed for this.
    fs::write(
        &path,
        unit().replace("/usr/local/bin/tracer-agent", "/bin/true"),
    )
    .unwrap();
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("llm-tracer"),
        "{said}"
    );
}
