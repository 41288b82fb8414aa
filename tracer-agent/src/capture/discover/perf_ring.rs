//! One processor's ring of process events: a dummy software event with its side-band records.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use aya_obj::generated::perf_event_mmap_page;
use memmap2::{MmapOptions, MmapRaw};

use super::super::perf_event;
use super::perf_record::{HEADER, Record};

const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_DUMMY: u64 = 9;
const PERF_SAMPLE_TIME: u64 = 1 << 2;
/// Bytes of records, a power of two: room for about 500 mappings between two looks.
const DATA: usize = 64 * 1024;

/// The ring of one processor.
pub(super) struct PerfRing {
    processor: u32,
    event: OwnedFd,
    /// The control page, then the data.
    map: MmapRaw,
    page: usize,
    capacity: usize,
    /// Where a record that wraps around the end of the ring is put together.
    scratch: Vec<u8>,
}

impl PerfRing {
    /// Opens the ring of one processor for all processes: executable mappings, execs, exits.
    pub(super) fn open(cpu: u32) -> io::Result<Self> {
        let mut attributes = perf_event::attributes();
        attributes.type_ = PERF_TYPE_SOFTWARE;
        attributes.config = PERF_COUNT_SW_DUMMY;
        attributes.set_mmap(1);
        attributes.set_mmap2(1);
        attributes.set_comm(1);
        attributes.set_comm_exec(1);
        attributes.set_task(1);
        // Each record ends with its time, by the clock that the eBPF programs read.
        attributes.set_sample_id_all(1);
        attributes.sample_type = PERF_SAMPLE_TIME;
        attributes.set_use_clockid(1);
        attributes.clockid = libc::CLOCK_MONOTONIC;
        attributes.set_watermark(1);
        attributes.__bindgen_anon_2.wakeup_watermark = 1;
        // SAFETY: these attributes have no pointer.
        let event = unsafe { perf_event::open(&attributes, cpu) }?;
        let file = File::from(event.try_clone()?);
        let page = rustix::param::page_size();
        let capacity = DATA.max(page);
        let map = MmapOptions::new().len(page + capacity).map_raw(&file)?;
        Ok(Self {
            processor: cpu,
            event,
            map,
            page,
            capacity,
            scratch: Vec::new(),
        })
    }

    /// Whose ring it is.
    pub(super) const fn processor(&self) -> u32 {
        self.processor
    }

    /// Feeds all records so far to `visit`, oldest first. Returns how many bytes they took.
    pub(super) fn drain(&mut self, mut visit: impl FnMut(Record<'_>)) -> u64 {
        let head = self.head().load(Ordering::Acquire);
        let start = self.tail().load(Ordering::Relaxed);
        let mut tail = start;
        while head.wrapping_sub(tail) >= HEADER as u64 {
            self.copy(tail, HEADER);
            let size = self.scratch.get(6..8).map_or(0, |size| {
                usize::from(u16::from_ne_bytes([size[0], size[1]]))
            });
            if size < HEADER || size as u64 > head.wrapping_sub(tail) {
                // Not what the kernel writes: give up on what is there.
                visit(Record::Lost(1));
                tail = head;
                break;
            }
            self.copy(tail, size);
            if let Some(record) = Record::parse(&self.scratch) {
                visit(record);
            }
            tail = tail.wrapping_add(size as u64);
        }
        self.tail().store(tail, Ordering::Release);
        tail.wrapping_sub(start)
    }

    /// Copies `length` bytes of the ring from position `from` into the scratch buffer.
    fn copy(&mut self, from: u64, length: usize) {
        let capacity = self.capacity;
        let at = (from % capacity as u64) as usize;
        let length = length.min(capacity);
        let first = length.min(capacity - at);
        self.scratch.clear();
        self.scratch.reserve(length);
        let data = self.map.as_ptr().wrapping_add(self.page);
        // SAFETY: both pieces lie within the data pages (`at + first <= capacity` and
        // `length - first <= at`), the scratch buffer has room for `length` bytes, and the kernel
        // does not overwrite what lies between tail and head.
        unsafe {
            std::ptr::copy_nonoverlapping(data.add(at), self.scratch.as_mut_ptr(), first);
            let rest = self.scratch.as_mut_ptr().add(first);
            std::ptr::copy_nonoverlapping(data, rest, length - first);
            self.scratch.set_len(length);
        }
    }

    fn head(&self) -> &AtomicU64 {
        let page = self.map.as_mut_ptr().cast::<perf_event_mmap_page>();
        // SAFETY: the control page is mapped as long as `self`, the field is aligned, and both
        // sides only access it atomically.
        unsafe { AtomicU64::from_ptr(&raw mut (*page).data_head) }
    }

    fn tail(&self) -> &AtomicU64 {
        let page = self.map.as_mut_ptr().cast::<perf_event_mmap_page>();
        // SAFETY: as for the head; the kernel only reads it.
        unsafe { AtomicU64::from_ptr(&raw mut (*page).data_tail) }
    }
}

impl AsFd for PerfRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

/// Waits until one of the rings has records, one of the others is readable, or the time is over. Rings
/// of processors that are gone are dropped.
pub(super) fn wait(
    rings: &mut Vec<PerfRing>,
    others: &[BorrowedFd<'_>],
    timeout: std::time::Duration,
) {
    let of_rings = rings.iter().map(|ring| ring.event.as_raw_fd());
    let descriptors = of_rings.chain(others.iter().map(AsRawFd::as_raw_fd));
    let mut descriptors: Vec<libc::pollfd> = descriptors
        .map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: pointer and length describe the vector, which outlives the call.
    let ready = unsafe {
        libc::poll(
            descriptors.as_mut_ptr(),
            descriptors.len() as libc::nfds_t,
            milliseconds,
        )
    };
    if ready > 0 {
        let gone = libc::POLLHUP | libc::POLLERR | libc::POLLNVAL;
        let mut states = descriptors.iter();
        rings.retain(|_| states.next().is_none_or(|state| state.revents & gone == 0));
    }
}

/// The processors that run now, from a list such as `0-3,8`.
pub(super) fn online_cpus() -> io::Result<Vec<u32>> {
    let list = std::fs::read_to_string("/sys/devices/system/cpu/online")?;
    parse_cpus(list.trim()).ok_or_else(|| io::Error::other("unreadable list of processors"))
}

fn parse_cpus(list: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cpus.extend(first.parse().ok()?..=last.parse::<u32>().ok()?.min(8191));
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::parse_cpus;

    #[test]
    fn processor_lists() {
        assert_eq!(parse_cpus("0"), Some(vec![0]));
        assert_eq!(parse_cpus("0-2,5,7-8"), Some(vec![0, 1, 2, 5, 7, 8]));
        assert_eq!(parse_cpus("zero"), None);
    }
}
