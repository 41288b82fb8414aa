//! The registers of the probed thread: where a call began, and what lies behind one.
//!
//! Calls of one thread are told apart by their stack frames: a call and the one it makes, when TLS
//! runs through TLS.

use aya_ebpf::{
    helpers::bpf_get_current_pid_tgid,
    programs::{ProbeContext, RetProbeContext},
};
use tracer_common::{conn::CallKey, cookie::SavedValues, record::Registers};

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

/// What a call just returned, and the registers that it preserved.
#[cfg(bpf_target_arch = "x86_64")]
#[inline(always)]
pub fn behind_call(ctx: &ProbeContext) -> (i32, SavedValues) {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    let saved = [
        regs.rbx, regs.rbp, regs.r12, regs.r13, regs.r14, regs.r15, 0, 0,
    ];
    (regs.rax as i32, saved)
}

/// No such probe is planned for arm64: nothing was returned.
#[cfg(bpf_target_arch = "aarch64")]
#[inline(always)]
pub fn behind_call(_: &ProbeContext) -> (i32, SavedValues) {
    (0, [0; 8])
}

/// All general registers.
#[cfg(bpf_target_arch = "x86_64")]
#[inline(always)]
pub fn registers(ctx: &ProbeContext) -> Registers {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    [
        regs.rax, regs.rcx, regs.rdx, regs.rbx, regs.rsp, regs.rbp, regs.rsi, regs.rdi, regs.r8,
        regs.r9, regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15,
    ]
}

/// No such probe is planned for arm64: nothing is found behind address 0.
#[cfg(bpf_target_arch = "aarch64")]
#[inline(always)]
pub fn registers(_: &ProbeContext) -> Registers {
    [0; 16]
}
