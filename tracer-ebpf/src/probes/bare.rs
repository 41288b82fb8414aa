//! Empty programs at the same places: what the breakpoints alone cost, for benchmarks.

use aya_ebpf::{
    macros::{uprobe, uretprobe},
    programs::{ProbeContext, RetProbeContext},
};

/// Does nothing, at entry or in a session.
#[uprobe]
pub fn bare_entry(_ctx: ProbeContext) -> u32 {
    0
}

/// Does nothing, at return.
#[uretprobe]
pub fn bare_return(_ctx: RetProbeContext) -> u32 {
    0
}
