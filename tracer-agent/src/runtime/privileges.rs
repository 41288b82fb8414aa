//! Least privilege: what is needed is checked at start, the rest is given up for good.
//!
//! Capabilities belong to threads: [`restrict`] must run before other threads are started, which
//! then inherit the smaller set.

use std::{fmt, fs};

use caps::{CapSet, Capability, CapsHashSet, errors::CapsError};

use super::capabilities::{USES, Use, When};

/// What this configuration and this kernel ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The reader is to run in a real-time class.
    pub real_time_reader: bool,
    /// Probes are attached by perf events.
    pub perf_uprobes: bool,
    /// Perf events are for administrators alone, as Debian and Ubuntu have it; see [`are_perf_events_strict`].
    pub strict_perf_events: bool,
}

/// Whether this host has `kernel.perf_event_paranoid` above 2: then its kernel, if it is one of those that
/// know such a level, refuses perf events to whoever has no CAP_SYS_ADMIN. Without them new processes are
/// looked for once a second only.
pub fn are_perf_events_strict() -> bool {
    let level = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    level.is_ok_and(|level| level.trim().parse().is_ok_and(|level: i32| level > 2))
}

/// Capabilities are missing.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing(Vec<Use>);

/// Capabilities cannot be looked at or given up.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// Some are missing.
    #[error("{0}")]
    Missing(Missing),
    /// The kernel refuses to tell or to change them.
    #[error(
        "cannot change the agent's capabilities: {0}; set `agent.drop_privileges = false` to keep them"
    )]
    Refused(#[from] CapsError),
    /// Setting no_new_privs failed.
    #[error("cannot set no_new_privs: {0}; set `agent.drop_privileges = false` to do without")]
    NoNewPrivileges(#[source] rustix::io::Errno),
    /// Other threads would keep theirs.
    #[error("{0} threads run already: capabilities must be given up before they start")]
    Threads(usize),
}

/// Fails with every missing capability if one is missing.
///
/// # Errors
/// If capabilities are missing or cannot be read.
pub fn check(needs: Needs) -> Result<(), PrivilegeError> {
    let held = caps::read(None, CapSet::Effective)?;
    let missing = missing(needs, &held);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(PrivilegeError::Missing(Missing(missing)))
    }
}

/// Gives up every capability but those that attaching to later processes needs, from the bounding
/// set, too, and the right to gain any by running a program. Returns what is kept.
///
/// # Errors
/// If other threads run or the kernel refuses.
pub fn restrict(needs: Needs) -> Result<CapsHashSet, PrivilegeError> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(PrivilegeError::Threads(threads));
    }
    let keep = kept(needs, &caps::read(None, CapSet::Permitted)?);
    rustix::thread::set_no_new_privs(true).map_err(PrivilegeError::NoNewPrivileges)?;
    restrict_bounding_set(&keep)?;
    caps::clear(None, CapSet::Ambient)?;
    caps::set(None, CapSet::Effective, &keep)?;
    caps::set(None, CapSet::Permitted, &keep)?;
    caps::clear(None, CapSet::Inheritable)?;
    Ok(keep)
}

/// Only possible with CAP_SETPCAP; without it, no_new_privs alone keeps the set from mattering.
fn restrict_bounding_set(keep: &CapsHashSet) -> Result<(), CapsError> {
    if !caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        return Ok(());
    }
    for capability in caps::read(None, CapSet::Bounding)?.difference(keep) {
        caps::drop(None, CapSet::Bounding, *capability)?;
    }
    Ok(())
}

fn missing(needs: Needs, held: &CapsHashSet) -> Vec<Use> {
    let satisfied = |it: &Use| {
        held.contains(&it.capability) || it.or.iter().any(|greater| held.contains(greater))
    };
    USES.into_iter()
        .filter(|it| !it.when.is_optional() && applies(it, needs) && !satisfied(it))
        .collect()
}

/// The smallest set that serves: a greater capability is kept only where the lesser is not held.
fn kept(needs: Needs, held: &CapsHashSet) -> CapsHashSet {
    USES.iter()
        .filter(|it| applies(it, needs))
        .filter_map(|it| {
            // What is only of use is not worth a greater one.
            let greater = if it.when.is_optional() { &[] } else { it.or };
            [it.capability]
                .into_iter()
                .chain(greater.iter().copied())
                .find(|it| held.contains(it))
        })
        .collect()
}

fn applies(it: &Use, needs: Needs) -> bool {
    match it.when {
        When::Always | When::IfHeld => true,
        When::RealTimeReader => needs.real_time_reader,
        When::PerfUprobes => needs.perf_uprobes,
        When::StrictPerfEvents => needs.strict_perf_events,
    }
}

/// One line: `missing CAP_BPF (to load the eBPF programs), …: run as root or …`.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self
            .0
            .iter()
            .map(|it| format!("{} (to {})", it.capability, it.purpose))
            .collect();
        write!(
            f,
            "missing {}: run as root or grant these capabilities",
            list.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Capability::{
        CAP_BPF, CAP_CHECKPOINT_RESTORE, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_NET_ADMIN,
        CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_NICE, CAP_SYS_PTRACE,
    };

    const LEAST: [Capability; 4] = [CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH];

    #[test]
    fn root_keeps_the_least_set() {
        let kept = kept(Needs::default(), &caps::all());
        let expected: CapsHashSet = LEAST.into_iter().chain([CAP_CHECKPOINT_RESTORE]).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn configuration_and_kernel_ask_for_more() {
        let needs = Needs {
            real_time_reader: true,
            perf_uprobes: true,
            ..Needs::default()
        };
        let kept = kept(needs, &caps::all());
        assert!(kept.contains(&CAP_SYS_ADMIN) && kept.contains(&CAP_SYS_NICE));
        let least = LEAST.into_iter().collect();
        let missing: Vec<_> = missing(needs, &least)
            .iter()
            .map(|it| it.capability)
            .collect();
        assert_eq!(missing, [CAP_SYS_ADMIN, CAP_SYS_NICE]);
    }

    #[test]
    fn greater_ones_serve_and_are_kept_only_then() {
        let held: CapsHashSet = [
            CAP_SYS_ADMIN,
            CAP_SYS_PTRACE,
            CAP_DAC_OVERRIDE,
            CAP_NET_ADMIN,
        ]
        .into_iter()
        .collect();
        assert_eq!(missing(Needs::default(), &held), []);
        let expected: CapsHashSet = [CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE]
            .into_iter()
            .collect();
        assert_eq!(kept(Needs::default(), &held), expected);
    }

    #[test]
    fn every_missing_one_is_named_with_its_purpose() {
        let message = Missing(missing(Needs::default(), &CapsHashSet::new())).to_string();
        insta::assert_snapshot!(message, @"missing CAP_BPF (to load the eBPF programs), CAP_PERFMON (to attach them to functions and to read the memory these are given), CAP_SYS_PTRACE (to see which libraries the processes of other users map), CAP_DAC_READ_SEARCH (to read the libraries of other users and of containers): run as root or grant these capabilities");
    }

    #[test]
    fn administrators_stay_such_where_perf_events_are_for_them_alone() {
        let held = caps::all();
        for strict_perf_events in [false, true] {
            let needs = Needs {
                strict_perf_events,
                ..Needs::default()
            };
            let is_kept = kept(needs, &held).contains(&CAP_SYS_ADMIN);
            assert_eq!(is_kept, strict_perf_events);
        }
        let needs = Needs {
            strict_perf_events: true,
            ..Needs::default()
        };
        let less: CapsHashSet = [CAP_BPF].into_iter().collect();
        assert!(!kept(needs, &less).contains(&CAP_SYS_ADMIN));
    }
}
