//! The system call that the current thread is in: where the bytes of a send or receive are in the
//! process.
//!
//! ```c
//! ssize_t read(int fd, void *buf, size_t count);          // as write, recvfrom, sendto
//! ssize_t readv(int fd, const struct iovec *iov, int n);  // as writev, preadv2, pwritev2
//! ssize_t recvmsg(int fd, struct msghdr *msg, int flags); // as sendmsg
//! ```
//!
//! All others say nothing: `sendfile` and `splice` have no buffer in the process, `sendmmsg` has
//! several of which this may be any, and io_uring works for requests made earlier. Kernel threads and
//! 32-bit processes are in no system call that is known here.

use aya_ebpf::helpers::{
    bpf_probe_read_kernel, bpf_probe_read_user,
    generated::{bpf_get_current_task_btf, bpf_task_pt_regs},
};
use tracer_common::conn::OUTBOUND;

/// Where bytes are in the process.
#[derive(Clone, Copy)]
pub struct Buffers {
    /// The only buffer, or the array of vectors.
    pub base: u64,
    /// How many vectors there are; 0: none, but one buffer.
    pub vectors: u64,
}

/// `struct iovec`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct IoVector {
    pub base: u64,
    pub len: u64,
}

/// What the system call was given: its number, and the second and third argument.
struct Arguments {
    number: u64,
    second: u64,
    third: u64,
}

/// Buffers of the system call that sends ([`OUTBOUND`]) or receives, if it is one that tells.
#[inline(always)]
pub fn buffers<const DIRECTION: usize>() -> Option<Buffers> {
    let Arguments {
        number,
        second,
        third,
    } = arguments()?;
    let buffers = if DIRECTION == OUTBOUND {
        match number {
            numbers::WRITE | numbers::SENDTO => one(second),
            numbers::WRITEV | numbers::PWRITEV2 => several(second, third),
            numbers::SENDMSG => return of_message(second),
            _ => return None,
        }
    } else {
        match number {
            numbers::READ | numbers::RECVFROM => one(second),
            numbers::READV | numbers::PREADV2 => several(second, third),
            numbers::RECVMSG => return of_message(second),
            _ => return None,
        }
    };
    Some(buffers)
}

impl Buffers {
    /// The first eight bytes, if the first buffer has so many.
    #[inline(always)]
    pub fn beginning(self) -> Option<[u8; 8]> {
        let mut base = self.base;
        if self.vectors != 0 {
            let first = vector(self.base, 0)?;
            if first.len < 8 {
                return None;
            }
            base = first.base;
        }
        // SAFETY: a failed read is reported, not taken.
        unsafe { bpf_probe_read_user(base as *const [u8; 8]) }.ok()
    }
}

/// A vector of an array.
#[inline(always)]
pub fn vector(array: u64, index: u64) -> Option<IoVector> {
    let at = array.wrapping_add(index.wrapping_mul(size_of::<IoVector>() as u64));
    // SAFETY: a failed read is reported, not taken.
    unsafe { bpf_probe_read_user(at as *const IoVector) }.ok()
}

#[inline(always)]
fn one(base: u64) -> Buffers {
    Buffers { base, vectors: 0 }
}

#[inline(always)]
fn several(base: u64, vectors: u64) -> Buffers {
    Buffers { base, vectors }
}

/// Those of a `struct msghdr`: `msg_iov` and `msg_iovlen` are its third and fourth word.
#[inline(always)]
fn of_message(message: u64) -> Option<Buffers> {
    let at = message.wrapping_add(16) as *const [u64; 2];
    // SAFETY: a failed read is reported, not taken.
    let [base, vectors] = unsafe { bpf_probe_read_user(at) }.ok()?;
    (vectors != 0).then_some(Buffers { base, vectors })
}

/// Registers as they were when the thread entered the kernel, if it came from a 64-bit process.
#[cfg(bpf_target_arch = "x86_64")]
#[inline(always)]
fn arguments() -> Option<Arguments> {
    /// `struct pt_regs` from its thirteenth word on.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Registers {
        rdx: u64,
        rsi: u64,
        rdi: u64,
        orig_rax: u64,
        rip: u64,
        cs: u64,
    }
    /// Code segment of 64-bit processes, whose selectors are the kernel's binary interface.
    const USER_64: u64 = 0x33;

    // SAFETY: the task is the current one; a failed read is reported, not taken.
    let registers = unsafe {
        let registers = bpf_task_pt_regs(bpf_get_current_task_btf()) as *const u64;
        bpf_probe_read_kernel(registers.wrapping_add(12).cast::<Registers>()).ok()?
    };
    (registers.cs & 0xffff == USER_64).then_some(Arguments {
        number: registers.orig_rax,
        second: registers.rsi,
        third: registers.rdx,
    })
}

/// Registers as they were when the thread entered the kernel, if it came from a 64-bit process.
#[cfg(bpf_target_arch = "aarch64")]
#[inline(always)]
fn arguments() -> Option<Arguments> {
    /// `struct pt_regs` from its 34th word on: behind the general registers, `sp` and `pc`.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Others {
        pstate: u64,
        orig_x0: u64,
        syscall: i32,
    }
    /// Bits of `pstate` that are 0 in 64-bit processes: exception level and register width.
    const MODE: u64 = 0x1f;

    // SAFETY: as for x86-64. In two parts: the whole would fill more than half of the stack.
    let (others, [second, third]) = unsafe {
        let registers = bpf_task_pt_regs(bpf_get_current_task_btf()) as *const u64;
        let others = bpf_probe_read_kernel(registers.wrapping_add(33).cast::<Others>()).ok()?;
        let x1_and_x2 = registers.wrapping_add(1).cast::<[u64; 2]>();
        (others, bpf_probe_read_kernel(x1_and_x2).ok()?)
    };
    (others.pstate & MODE == 0).then_some(Arguments {
        number: others.syscall as u64,
        second,
        third,
    })
}

/// Numbers of system calls.
#[cfg(bpf_target_arch = "x86_64")]
mod numbers {
    pub const READ: u64 = 0;
    pub const WRITE: u64 = 1;
    pub const READV: u64 = 19;
    pub const WRITEV: u64 = 20;
    pub const SENDTO: u64 = 44;
    pub const RECVFROM: u64 = 45;
    pub const SENDMSG: u64 = 46;
    pub const RECVMSG: u64 = 47;
    pub const PREADV2: u64 = 327;
    pub const PWRITEV2: u64 = 328;
}

/// Numbers of system calls.
#[cfg(bpf_target_arch = "aarch64")]
mod numbers {
    pub const READ: u64 = 63;
    pub const WRITE: u64 = 64;
    pub const READV: u64 = 65;
    pub const WRITEV: u64 = 66;
    pub const SENDTO: u64 = 206;
    pub const RECVFROM: u64 = 207;
    pub const SENDMSG: u64 = 211;
    pub const RECVMSG: u64 = 212;
    pub const PREADV2: u64 = 286;
    pub const PWRITEV2: u64 = 287;
}
