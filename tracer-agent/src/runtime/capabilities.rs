//! Which capabilities the agent uses, and what for.

use caps::Capability;

/// One capability the agent uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The capability.
    pub capability: Capability,
    /// Greater ones that serve as well.
    pub or: &'static [Capability],
    /// What for, to follow "is needed to".
    pub purpose: &'static str,
    /// When.
    pub when: When,
}

/// When a capability is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always: without it the agent does not start.
    Always,
    /// With a real-time reader.
    RealTimeReader,
    /// Where probes are attached by perf events.
    PerfUprobes,
    /// Where perf events are for administrators alone, if there is one; without it less is seen.
    StrictPerfEvents,
    /// If there is one; without it less is seen.
    IfHeld,
}

impl When {
    /// Whether the agent does without.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::IfHeld | Self::StrictPerfEvents)
    }
}

/// All of them.
pub const USES: [Use; 8] = [
    Use {
        capability: Capability::CAP_BPF,
        or: &[Capability::CAP_SYS_ADMIN],
        purpose: "load the eBPF programs",
        when: When::Always,
    },
    Use {
        capability: Capability::CAP_PERFMON,
        or: &[Capability::CAP_SYS_ADMIN],
        purpose: "attach them to functions and to read the memory these are given",
        when: When::Always,
    },
    Use {
        capability: Capability::CAP_SYS_PTRACE,
        or: &[],
        purpose: "see which libraries the processes of other users map",
        when: When::Always,
    },
    Use {
        capability: Capability::CAP_DAC_READ_SEARCH,
        or: &[Capability::CAP_DAC_OVERRIDE],
        purpose: "read the libraries of other users and of containers",
        when: When::Always,
    },
    Use {
        capability: Capability::CAP_CHECKPOINT_RESTORE,
        or: &[Capability::CAP_SYS_ADMIN],
        purpose: "find libraries that were deleted or replaced while in use",
        when: When::IfHeld,
    },
    Use {
        capability: Capability::CAP_SYS_ADMIN,
        or: &[],
        purpose: "attach probes by perf events, on kernels before 6.6",
        when: When::PerfUprobes,
    },
    Use {
        capability: Capability::CAP_SYS_ADMIN,
        or: &[],
        purpose: "notice new processes at once, where `kernel.perf_event_paranoid` is above 2",
        when: When::StrictPerfEvents,
    },
    Use {
        capability: Capability::CAP_SYS_NICE,
        or: &[],
        purpose: "run the reader in a real-time class (`capture.reader_priority`)",
        when: When::RealTimeReader,
    },
];
