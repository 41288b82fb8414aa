//! Empty programs at the same places: what the breakpoints alone cost, for benchmarks.

use aya_ebpf::{
    macros::{uprobe, uretprobe},
    programs::{ProbeContext, RetProbeContext},
};

/// Does nothing, at entry and return.
#[uprobe]
pub fn bare_session(_ctx: ProbeContext) -> u32 {
    0
}

/// Does nothing, at entry.
#[uprobe]
pub fn bare_entry(_ctx: ProbeContext) -> u32 {
    0
}

/// Does nothing, at return.
#[uretprobe]
pub fn bare_return(_ctx: RetProbeContext) -> u32 {
    0
}
