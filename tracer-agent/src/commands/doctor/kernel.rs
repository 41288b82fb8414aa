//! The kernel, the agent's own rights and limits.

use std::{env::consts::ARCH, fs, path::Path};

use caps::{CapSet, Capability, CapsHashSet};

use super::report::{Agent, Answer, CapabilityLine, Feature, Kernel, Limit};
use crate::{
    capture::{
        features::{Features, Support},
        object,
    },
    host::procfs::ProcFs,
    runtime::capabilities::{USES, When},
};

/// This agent.
pub fn agent() -> Agent {
    Agent {
        version: env!("CARGO_PKG_VERSION"),
        ebpf_program: object::bytes().is_ok(),
        root_pid_namespace: ProcFs::new("/proc").is_root_pid_namespace(),
    }
}

/// The kernel and what it offers.
pub fn kernel(features: &Features) -> Kernel {
    let list = [
        (
            "btf",
            &features.btf,
            "find kernel functions; without it, uprobe_session is not used",
        ),
        (
            "ring_buffer",
            &features.ring_buffer,
            "bring events to the agent; required",
        ),
        (
            "uprobe_session",
            &features.uprobe_session,
            "probe entry and return at the least cost",
        ),
        (
            "uprobe_multi",
            &features.uprobe_multi,
            "probe without CAP_SYS_ADMIN",
        ),
        (
            "perf_uprobe",
            &features.perf_uprobe,
            "probe on kernels before 6.6",
        ),
        (
            "plain_uprobe",
            &features.plain_uprobe,
            "probe without return probes, where these would harm",
        ),
        (
            "socket_moves",
            &features.socket_moves,
            "tell the peer address of calls",
        ),
        (
            "perf_mmap_records",
            &features.perf_mmap_records,
            "notice new processes and libraries at once",
        ),
        (
            "plain_http",
            &features.plain_http,
            "see calls without TLS, such as those of local models",
        ),
    ];
    Kernel {
        release: one_line("/proc/sys/kernel/osrelease").unwrap_or_default(),
        architecture: ARCH,
        features: list
            .map(|(name, support, used_for)| feature(name, support, used_for))
            .into(),
    }
}

fn feature(name: &'static str, support: &Support, used_for: &'static str) -> Feature {
    let (support, reason) = match support {
        Support::Yes => (Answer::Yes, None),
        Support::No(reason) => (Answer::No, Some(reason.clone())),
        Support::Unknown(reason) => (Answer::Unknown, Some(reason.clone())),
    };
    Feature {
        name,
        support,
        reason,
        used_for,
    }
}

/// Capabilities held and missing.
pub fn capabilities() -> Vec<CapabilityLine> {
    let held = caps::read(None, CapSet::Effective).unwrap_or_default();
    USES.iter()
        .map(|it| CapabilityLine {
            name: it.capability.to_string(),
            held: has_one(&held, it.capability, it.or),
            required: it.when == When::Always,
            purpose: it.purpose,
        })
        .collect()
}

fn has_one(held: &CapsHashSet, capability: Capability, greater: &[Capability]) -> bool {
    held.contains(&capability) || greater.iter().any(|it| held.contains(it))
}

/// Limits that the agent runs under.
pub fn limits() -> Vec<Limit> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of_status = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    };
    let confined = of_status("Seccomp").map(|mode| match mode.as_str() {
        "0" => "no".to_owned(),
        _ => "yes".to_owned(),
    });
    let all = [
        (
            "memlock",
            memlock(),
            "locked memory; only kernels before 5.11 count maps against it",
        ),
        (
            "seccomp",
            confined,
            "a filter must let bpf and perf_event_open pass",
        ),
        (
            "lockdown",
            lockdown(),
            "`confidentiality` forbids reading memory from eBPF",
        ),
        (
            "perf_event_paranoid",
            one_line("/proc/sys/kernel/perf_event_paranoid"),
            "does not matter with CAP_PERFMON",
        ),
        (
            "quic",
            Some("not supported".to_owned()),
            "HTTP/3, and what is read from QUIC streams of OpenSSL",
        ),
        (
            "plain_io_uring",
            Some("not supported".to_owned()),
            "calls without TLS that a process makes through io_uring",
        ),
    ];
    all.into_iter()
        .filter_map(|(name, value, meaning)| {
            Some(Limit {
                name,
                value: value?,
                meaning,
            })
        })
        .collect()
}

fn memlock() -> Option<String> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max locked memory"))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// The mode in brackets: `none [integrity] confidentiality`.
fn lockdown() -> Option<String> {
    let text = one_line("/sys/kernel/security/lockdown")?;
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(mode, _)| mode.to_owned())
}

fn one_line(path: impl AsRef<Path>) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}
