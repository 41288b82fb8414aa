//! Programs at the entries of kernel functions, by perf events.

use std::{
    ffi::CStr,
    fs, io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
};

use super::{kernel_error, perf_event};

/// Where the kernel shows the number of this kind of event.
const KIND: &str = "/sys/bus/event_source/devices/kprobe/type";
/// `_IO('$', 0)` and `_IOW('$', 8, __u32)` of `linux/perf_event.h`.
const PERF_EVENT_IOC_ENABLE: libc::c_ulong = 0x2400;
const PERF_EVENT_IOC_SET_BPF: libc::c_ulong = 0x4004_2408;

/// Runs a program at each entry of a kernel function, for as long as the result lives.
pub(super) fn link(program: BorrowedFd<'_>, function: &CStr) -> io::Result<OwnedFd> {
    let kind = fs::read_to_string(KIND)
        .map_err(|error| io::Error::new(error.kind(), format!("this kernel has none ({error})")))?;
    let mut attributes = perf_event::attributes();
    attributes.type_ = kind.trim().parse().map_err(io::Error::other)?;
    attributes.__bindgen_anon_3.kprobe_func = function.as_ptr() as u64;
    // SAFETY: the name in it lives through the call.
    let event = unsafe { perf_event::open(&attributes, 0) }?;
    for (request, argument) in [
        (PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()),
        (PERF_EVENT_IOC_ENABLE, 0),
    ] {
        // SAFETY: both take a number.
        if unsafe { libc::ioctl(event.as_raw_fd(), request, argument) } < 0 {
            return Err(kernel_error::last());
        }
    }
    Ok(event)
}
