//! How full the ring is.

use std::{
    io,
    os::fd::AsRawFd,
    sync::atomic::{AtomicU64, Ordering},
};

use memmap2::{MmapOptions, MmapRaw};

/// The positions of the two ends of a ring, as the kernel shows them: a page each.
#[derive(Debug)]
pub struct RingFill {
    pages: MmapRaw,
    page: usize,
}

impl RingFill {
    /// Of a ring buffer map.
    ///
    /// # Errors
    /// If the kernel refuses the mapping.
    pub fn of(ring: &impl AsRawFd) -> io::Result<Self> {
        let page = rustix::param::page_size();
        let pages = MmapOptions::new()
            .len(2 * page)
            .map_raw_read_only(ring.as_raw_fd())?;
        Ok(Self { pages, page })
    }

    /// Bytes that were written and not taken yet, with the records' heads.
    pub fn bytes(&self) -> u64 {
        let taken = self.position(0);
        self.position(self.page).saturating_sub(taken)
    }

    fn position(&self, at: usize) -> u64 {
        // SAFETY: the first word of a page of the mapping, which lives as long as `self`; nobody writes
        // it through this mapping, others do so atomically.
        let word = unsafe { AtomicU64::from_ptr(self.pages.as_mut_ptr().add(at).cast()) };
        word.load(Ordering::Acquire)
    }
}
