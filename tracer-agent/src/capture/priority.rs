//! Scheduling class of the reader's thread.

use std::io;

/// Puts the calling thread into the real-time round-robin class with `level` 1 to 99.
///
/// Under a load that keeps all CPUs busy a normal reader may get to run seconds late, and the ring
/// buffer overflows; this one runs first, for the little time that it needs.
///
/// # Errors
/// Without CAP_SYS_NICE, or a real-time limit that allows it.
pub fn make_real_time(level: u8) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: i32::from(level),
    };
    // SAFETY: reads one structure; 0 is the calling thread.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_RR, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
