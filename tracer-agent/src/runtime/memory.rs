//! How the C library's allocator keeps memory for this process.

/// Allocations from here on are mappings of their own: their pages are touched as far as they are
/// used, and go back to the system when they are freed.
#[cfg(target_env = "gnu")]
const MAPPED_FROM: libc::c_int = 128 << 10;
/// Free memory at the top of the heap beyond this goes back to the system.
#[cfg(target_env = "gnu")]
const TRIM_FROM: libc::c_int = 256 << 10;

/// One heap for all threads, and no adaptive thresholds: a freed body is memory given back, not a
/// reason to keep more of it. The agent's threads allocate little, so they do not wait for each
/// other. Must come before the first thread; does nothing where the C library has no such settings.
pub fn keep_small() {
    #[cfg(target_env = "gnu")]
    for (setting, value) in [
        (libc::M_ARENA_MAX, 1),
        (libc::M_MMAP_THRESHOLD, MAPPED_FROM),
        (libc::M_TRIM_THRESHOLD, TRIM_FROM),
    ] {
        // SAFETY: takes two numbers; an unknown setting is refused.
        unsafe { libc::mallopt(setting, value) };
    }
}

/// Gives pages of the heap that hold nothing back to the system: what the start needed for a moment,
/// such as the kernel's types, lies below what stays and is not trimmed by itself. Walks the whole
/// heap; does nothing where the C library has no such call.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes a number, touches free memory only, and takes the allocator's lock.
    unsafe {
        libc::malloc_trim(0)
    };
}
