//! How probes are attached on this kernel (see ADR 003).

use std::fmt;

use super::{
    bpf_call::{Side, UprobeAttachType},
    plan::{ProbeRole, Returns},
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
    /// As [`Mechanism::Multi`], with plain probes where calls come back to in place of return probes.
    PlainMulti,
    /// As [`Mechanism::Perf`], likewise.
    PlainPerf,
}

impl Mechanism {
    /// All of them, best first.
    pub const ALL: [Self; 5] = [
        Self::Session,
        Self::Multi,
        Self::Perf,
        Self::PlainMulti,
        Self::PlainPerf,
    ];

    /// How it sees calls return.
    pub const fn returns(self) -> Returns {
        match self {
            Self::Session | Self::Multi | Self::Perf => Returns::Probed,
            Self::PlainMulti | Self::PlainPerf => Returns::Plain,
        }
    }

    /// Whether it works by perf events, which want CAP_SYS_ADMIN.
    pub const fn is_perf(self) -> bool {
        matches!(self, Self::Perf | Self::PlainPerf)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "uprobe session",
            Self::Multi => "uprobe multi",
            Self::Perf => "perf event uprobe",
            Self::PlainMulti => "uprobe multi without return probes",
            Self::PlainPerf => "perf event uprobe without return probes",
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
        (ProgramSet::Capture, ProbeRole::Cork) => return vec![entry("cork")],
        (ProgramSet::Capture, ProbeRole::Uncork) => return vec![entry("uncork")],
        (ProgramSet::Capture, ProbeRole::GoWrite) => return vec![entry("go_write")],
        (ProgramSet::Capture, ProbeRole::GoReadResult) => return vec![entry("go_read_result")],
        (ProgramSet::Capture, ProbeRole::GoRead) => return vec![entry("go_read_entry")],
        (ProgramSet::Capture, ProbeRole::GoReadReturned) => return vec![entry("go_read_return")],
        (ProgramSet::Capture, ProbeRole::GoClose) => return vec![entry("go_close")],
        // Seen by its return alone, and never planned without return probes.
        (_, ProbeRole::Open) if mechanism.returns() == Returns::Plain => return Vec::new(),
        (ProgramSet::Capture, ProbeRole::Open) => return vec![exit("opened")],
        (ProgramSet::Capture, ProbeRole::ReadResult) => return vec![entry("read_result")],
        (ProgramSet::Bare, ProbeRole::Open) => return vec![exit("bare_return")],
        (ProgramSet::Capture, ProbeRole::ReadReturned) => return vec![entry("read_returned")],
        (ProgramSet::Capture, ProbeRole::WriteReturned) => return vec![entry("write_returned")],
        (ProgramSet::Capture, ProbeRole::RecordWritten) => return vec![entry("record_written")],
        (ProgramSet::Capture, ProbeRole::RecordRead) => return vec![entry("record_read")],
        (
            ProgramSet::Bare,
            ProbeRole::ReadResult
            | ProbeRole::ReadReturned
            | ProbeRole::WriteReturned
            | ProbeRole::RecordWritten
            | ProbeRole::RecordRead
            | ProbeRole::Close
            | ProbeRole::Shutdown
            | ProbeRole::Cork
            | ProbeRole::Uncork
            | ProbeRole::GoWrite
            | ProbeRole::GoReadResult
            | ProbeRole::GoRead
            | ProbeRole::GoReadReturned
            | ProbeRole::GoClose,
        ) => return vec![entry("bare_entry")],
        (ProgramSet::Capture, ProbeRole::Read) => ("read_session", "read_entry", "read_return"),
        (ProgramSet::Capture, ProbeRole::Write) => ("write_session", "write_entry", "write_return"),
        (ProgramSet::Bare, _) => ("bare_session", "bare_entry", "bare_return"),
    };
    match mechanism {
        Mechanism::Session => vec![session(both)],
        // The return side first: a call must not be noted at entry and then never be finished.
        Mechanism::Multi | Mechanism::Perf => vec![exit(after), entry(before)],
        Mechanism::PlainMulti | Mechanism::PlainPerf => vec![entry(before)],
    }
}
