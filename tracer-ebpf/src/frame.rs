//! Tells the calls of one thread apart by their stack frames: a call and the one it makes, when TLS
//! runs through TLS.

use aya_ebpf::{
    helpers::bpf_get_current_pid_tgid,
    programs::{ProbeContext, RetProbeContext},
};
use tracer_common::conn::CallKey;

/// The call that begins. Probes sit where the stack pointer still points at the return address.
#[inline(always)]
pub fn at_entry(ctx: &ProbeContext) -> CallKey {
    // SAFETY: the kernel's copy of the registers, valid while the program runs.
    let regs = unsafe { &*ctx.regs };
    #[cfg(bpf_target_arch = "x86_64")]
    // Where it will point when the return address is popped.
    let frame = regs.rsp + 8;
    #[cfg(bpf_target_arch = "aarch64")]
    let frame = regs.sp;
    CallKey {
        thread: bpf_get_current_pid_tgid(),
        frame,
    }
}

/// The call that returns.
#[inline(always)]
pub fn at_return(ctx: &RetProbeContext) -> CallKey {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    #[cfg(bpf_target_arch = "x86_64")]
    let frame = regs.rsp;
    #[cfg(bpf_target_arch = "aarch64")]
    let frame = regs.sp;
    CallKey {
        thread: bpf_get_current_pid_tgid(),
        frame,
    }
}
