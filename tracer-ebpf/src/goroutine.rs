//! Registers as Go uses them (ABIInternal: Go 1.17 on x86-64, 1.18 on arm64), and the goroutine
//! that runs.

use aya_ebpf::{helpers::bpf_probe_read_user, programs::ProbeContext};
#[cfg(bpf_target_arch = "x86_64")]
use tracer_common::go::REGISTERS;
use tracer_common::go::{GoCall, SPILLED, STACK_END};

use crate::connection::Caller;

/// The first four words of arguments.
pub type Words = [u64; 4];

/// The arguments of a function that is entered; nothing if it first needs a larger stack, or is to
/// let others run, for then it begins again.
///
/// On x86-64 the probe is at the conditional jump of that check, so the flags tell; on arm64 it is
/// behind it.
#[inline(always)]
pub fn entered(ctx: &ProbeContext) -> Option<Words> {
    // SAFETY: the kernel's copy of the registers, valid while the program runs.
    let regs = unsafe { &*ctx.regs };
    #[cfg(bpf_target_arch = "x86_64")]
    {
        /// `jbe` jumps if the carry or the zero flag is set.
        const BELOW_OR_EQUAL: u64 = 1 | 1 << 6;
        (regs.eflags & BELOW_OR_EQUAL == 0).then_some([regs.rax, regs.rbx, regs.rcx, regs.rdi])
    }
    #[cfg(bpf_target_arch = "aarch64")]
    Some([regs.regs[0], regs.regs[1], regs.regs[2], regs.regs[3]])
}

/// The first word that a function returns.
#[inline(always)]
pub fn returned(ctx: &ProbeContext) -> u64 {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    #[cfg(bpf_target_arch = "x86_64")]
    let word = regs.rax;
    #[cfg(bpf_target_arch = "aarch64")]
    let word = regs.regs[0];
    word
}

/// The call whose frame is not yet, or no longer, set up.
#[inline(always)]
pub fn call(ctx: &ProbeContext, caller: Caller) -> Option<GoCall> {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    #[cfg(bpf_target_arch = "x86_64")]
    let (goroutine, pointer) = (regs.r14, regs.rsp);
    #[cfg(bpf_target_arch = "aarch64")]
    let (goroutine, pointer) = (regs.regs[28], regs.sp);
    // SAFETY: a failed read is reported, not taken.
    let end = unsafe { bpf_probe_read_user((goroutine + STACK_END) as *const u64) }.ok()?;
    Some(GoCall {
        tgid: caller.tgid,
        depth: end.wrapping_sub(pointer) as u32,
        goroutine,
    })
}

/// Receiver and first word of the arguments, from where the caller left room for them above the
/// return address, which is `frame` bytes above the stack pointer.
#[inline(always)]
pub fn spilled(ctx: &ProbeContext, frame: u16) -> Option<[u64; 2]> {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    #[cfg(bpf_target_arch = "x86_64")]
    let pointer = regs.rsp;
    #[cfg(bpf_target_arch = "aarch64")]
    let pointer = regs.sp;
    let place = pointer + u64::from(frame) + SPILLED;
    // SAFETY: as above.
    unsafe { bpf_probe_read_user(place as *const [u64; 2]) }.ok()
}

/// The register of this number.
#[cfg(bpf_target_arch = "x86_64")]
#[inline(always)]
pub fn register(ctx: &ProbeContext, number: u8) -> u64 {
    // SAFETY: as above.
    let regs = unsafe { &*ctx.regs };
    let values: [u64; REGISTERS] = [
        regs.rax, regs.rcx, regs.rdx, regs.rbx, regs.rsp, regs.rbp, regs.rsi, regs.rdi, regs.r8,
        regs.r9, regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15,
    ];
    values[usize::from(number) & (REGISTERS - 1)]
}

/// No probe that needs it is planned for arm64: nothing was read.
#[cfg(bpf_target_arch = "aarch64")]
#[inline(always)]
pub fn register(_ctx: &ProbeContext, _number: u8) -> u64 {
    0
}
