//! Kernel time to wall time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracer_core::time::Timestamp;

/// Converts the kernel's monotonic nanoseconds. The difference of the clocks is read again from
/// time to time, so that a step of the wall clock is followed.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Wall time minus monotonic time, nanoseconds.
    difference: i128,
}

impl Clock {
    /// Reads both clocks.
    pub fn read() -> Self {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self {
            difference: wall.as_nanos().cast_signed() - i128::from(monotonic_nanos()),
        }
    }

    /// Wall time of a monotonic time.
    pub fn wall(self, monotonic_nanos: u64) -> Timestamp {
        let nanos = i128::from(monotonic_nanos) + self.difference;
        let limit = if nanos < 0 { 0 } else { u64::MAX };
        Timestamp::from_unix_nanos(u64::try_from(nanos).unwrap_or(limit))
    }

    /// Wall time now.
    pub fn now(self) -> Timestamp {
        self.wall(monotonic_nanos())
    }
}

/// The clock that `bpf_ktime_get_ns` reads.
pub fn monotonic_nanos() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes one timespec; CLOCK_MONOTONIC always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
