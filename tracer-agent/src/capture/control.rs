//! The page shared with the kernel half.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    sync::atomic::{AtomicU32, Ordering},
};

use aya::maps::MapData;
use memmap2::{MmapOptions, MmapRaw};
use tracer_common::control::Control;

/// The memory-mapped `CONTROL` array: settings change without a system call.
#[derive(Debug)]
pub struct ControlPage {
    page: MmapRaw,
    #[expect(dead_code, reason = "programs that are loaded later refer to it")]
    map: MapData,
}

impl ControlPage {
    /// Maps the array and writes the settings.
    ///
    /// # Errors
    /// If the kernel refuses the mapping (Linux before 5.5).
    pub fn new(map: MapData, settings: Control) -> io::Result<Self> {
        let page = MmapOptions::new()
            .len(4096)
            .map_raw(map.fd().as_fd().as_raw_fd())?;
        let control = Self { page, map };
        // SAFETY: the page is at least as long as the structure, aligned to a page, and nobody
        // else has a Rust reference into it.
        unsafe {
            control
                .page
                .as_mut_ptr()
                .cast::<Control>()
                .write_volatile(settings)
        };
        Ok(control)
    }

    /// Whether the next event should wake the reader.
    pub fn set_wake(&self, wake: bool) {
        // SAFETY: the pointer is into the mapping.
        let field = unsafe { &raw mut (*self.control()).wake };
        self.set(field, wake);
    }

    /// Whether sockets are looked at to find those of connections.
    pub fn set_sockets(&self, sockets: bool) {
        // SAFETY: as above.
        let field = unsafe { &raw mut (*self.control()).sockets };
        self.set(field, sockets);
    }

    fn control(&self) -> *mut Control {
        self.page.as_mut_ptr().cast()
    }

    fn set(&self, field: *mut u32, value: bool) {
        // SAFETY: the field is an aligned u32 in a mapping that lives as long as `self`; the
        // kernel half only reads it.
        let field = unsafe { AtomicU32::from_ptr(field) };
        field.store(u32::from(value), Ordering::SeqCst);
    }
}
