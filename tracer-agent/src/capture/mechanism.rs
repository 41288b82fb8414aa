//! How probes are attached on this kernel (see ADR 003).

use std::fmt;

use super::{
    bpf_call::{Side, UprobeAttachType},
    plan::ProbeRole,
};

/// The ways, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mechanism {
    /// One link for many places, entry and return in one program run (Linux 6.13).
    Session,
    /// One link for many places and one side (Linux 6.6).
    Multi,
    /// One perf event for each place and side.
    Perf,
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "uprobe session",
            Self::Multi => "uprobe multi",
            Self::Perf => "perf event uprobe",
        })
    }
}

/// Which programs are attached: those that capture, or empty ones for benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProgramSet {
    /// The real ones.
    #[default]
    Capture,
    /// Empty ones at the same places.
    Bare,
}

/// One program and how it is attached for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attachment {
    pub program: &'static str,
    pub attach_type: UprobeAttachType,
    pub side: Side,
}

/// What to attach for a role. More than one entry: attach in this order.
pub(super) fn attachments(
    mechanism: Mechanism,
    set: ProgramSet,
    role: ProbeRole,
) -> Vec<Attachment> {
    let entry = |program| Attachment {
        program,
        attach_type: UprobeAttachType::Multi,
        side: Side::Entry,
    };
    let exit = |program| Attachment {
        program,
        attach_type: UprobeAttachType::Multi,
        side: Side::Return,
    };
    let session = |program| Attachment {
        program,
        attach_type: UprobeAttachType::Session,
        side: Side::Entry,
    };
    let (both, before, after) = match (set, role) {
        (ProgramSet::Capture, ProbeRole::Close) => return vec![entry("close")],
        (ProgramSet::Capture, ProbeRole::Shutdown) => return vec![entry("shutdown")],
        (ProgramSet::Capture, ProbeRole::Open) => return vec![exit("opened")],
        (ProgramSet::Capture, ProbeRole::ReadResult) => return vec![entry("read_result")],
        (ProgramSet::Bare, ProbeRole::ReadResult | ProbeRole::Close | ProbeRole::Shutdown) => {
            return vec![entry("bare_entry")];
        }
        (ProgramSet::Bare, ProbeRole::Open) => return vec![exit("bare_return")],
        (ProgramSet::Capture, ProbeRole::Read) => ("read_session", "read_entry", "read_return"),
        (ProgramSet::Capture, ProbeRole::Write) => ("write_session", "write_entry", "write_return"),
        (ProgramSet::Bare, _) => ("bare_session", "bare_entry", "bare_return"),
    };
    match mechanism {
        Mechanism::Session => vec![session(both)],
        // The return side first: a call must not be noted at entry and then never be finished.
        Mechanism::Multi | Mechanism::Perf => vec![exit(after), entry(before)],
    }
}
