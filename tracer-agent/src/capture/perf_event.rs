//! Perf events of all processes.

use std::{
    io,
    os::fd::{FromRawFd, OwnedFd},
};

use aya_obj::generated::{PERF_FLAG_FD_CLOEXEC, perf_event_attr};

/// An attribute that says its size and nothing else.
pub(super) fn attributes() -> perf_event_attr {
    // SAFETY: plain data, for which all zeroes is a valid value.
    let mut attributes: perf_event_attr = unsafe { std::mem::zeroed() };
    attributes.size = size_of::<perf_event_attr>() as u32;
    attributes
}

/// Opens an event of all processes, on one processor. The event of a probe runs its program on all of
/// them, whichever is named.
///
/// # Errors
/// If the kernel refuses.
///
/// # Safety
/// What the attributes point to must live through the call.
pub(super) unsafe fn open(attributes: &perf_event_attr, cpu: u32) -> io::Result<OwnedFd> {
    const ALL_PROCESSES: libc::pid_t = -1;
    const NO_GROUP: libc::c_int = -1;
    // SAFETY: the attributes live through the call and say their size; the caller vouches for the rest.
    let descriptor = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            std::ptr::from_ref(attributes),
            ALL_PROCESSES,
            cpu.cast_signed(),
            NO_GROUP,
            libc::c_ulong::from(PERF_FLAG_FD_CLOEXEC),
        )
    };
    let descriptor = i32::try_from(descriptor).map_err(io::Error::other)?;
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
