//! Reads the event ring buffer in batches.
//!
//! While events flow the reader polls every few milliseconds and no traced process pays for waking
//! it; after a quiet while it sleeps until the next event. All times are the kernel's, so the delay
//! does not show in any figure.

use std::{
    io,
    os::fd::{AsRawFd, RawFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aya::maps::{MapData, RingBuf};

use super::{control::ControlPage, kernel_event::KernelEvent, ring_fill::RingFill};

/// Pause between two looks at the ring while events flow.
const POLL_PAUSE: Duration = Duration::from_millis(3);
/// Quiet for this long: sleep until woken.
const QUIET: Duration = Duration::from_millis(200);
/// Longest sleep, and the pace of [`EventHandler::tick`].
const TICK: Duration = Duration::from_millis(500);
/// Longest batch: at saturation the ring is never empty, but the rest has to be done, too.
const BATCH: Duration = Duration::from_millis(50);
/// Longest time for what is left when the reader stops: events may go on to come.
const LAST_LOOK: Duration = Duration::from_secs(2);
/// Events between two looks at the clock.
const EVENTS_PER_LOOK: u32 = 256;

/// Takes what the reader finds.
pub trait EventHandler {
    /// One event; `bytes` in it live only for the call.
    fn event(&mut self, event: KernelEvent<'_>);
    /// A record that makes no sense.
    fn bad_event(&mut self);
    /// A batch is over; `used` is how many bytes of the ring were full when it began.
    fn batch_end(&mut self, used: u64);
    /// The ring is empty for now: what happened before has been told.
    fn emptied(&mut self);
    /// About every half second.
    fn tick(&mut self);
    /// Nothing more will come.
    fn end(&mut self);
}

/// What one look at the ring brought.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// It brought no event.
    is_empty: bool,
    /// There may be more.
    cut_short: bool,
}

/// The reader.
pub struct RingReader {
    ring: RingBuf<MapData>,
    fill: RingFill,
    control: Arc<ControlPage>,
}

impl RingReader {
    /// A reader of `ring` that asks for wake-ups through `control`.
    ///
    /// # Errors
    /// If the kernel does not show how full the ring is.
    pub fn new(ring: RingBuf<MapData>, control: Arc<ControlPage>) -> io::Result<Self> {
        Ok(Self {
            fill: RingFill::of(&ring)?,
            ring,
            control,
        })
    }

    /// Reads until `stop`, then once more until the ring is empty.
    pub fn run(&mut self, handler: &mut impl EventHandler, stop: &AtomicBool) {
        let mut last_event = Instant::now();
        let mut next_tick = Instant::now() + TICK;
        while !stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            let batch = self.drain(handler);
            if !batch.is_empty {
                last_event = now;
            }
            if now >= next_tick {
                handler.tick();
                next_tick = now + TICK;
            }
            if batch.cut_short {
                continue;
            }
            if now.duration_since(last_event) < QUIET {
                thread::sleep(POLL_PAUSE);
            } else {
                self.sleep(next_tick.saturating_duration_since(now));
            }
        }
        // What is in the ring now is still taken; what comes meanwhile may be, too.
        let end = Instant::now() + LAST_LOOK;
        while self.drain(handler).cut_short && Instant::now() < end {}
        handler.tick();
        handler.end();
    }

    fn drain(&mut self, handler: &mut impl EventHandler) -> Batch {
        let started = Instant::now();
        let used = self.fill.bytes();
        let mut batch = Batch {
            is_empty: true,
            cut_short: false,
        };
        let mut events: u32 = 0;
        while let Some(record) = self.ring.next() {
            batch.is_empty = false;
            match KernelEvent::parse(&record) {
                Ok(event) => handler.event(event),
                Err(_) => handler.bad_event(),
            }
            events = events.wrapping_add(1);
            if events.is_multiple_of(EVENTS_PER_LOOK) && started.elapsed() > BATCH {
                batch.cut_short = true;
                break;
            }
        }
        if !batch.cut_short {
            handler.emptied();
        }
        if !batch.is_empty {
            handler.batch_end(used);
        }
        batch
    }

    /// Waits for an event or the time out, whichever is first. An event that came before the
    /// kernel half learnt of the wish to be woken makes the ring readable, so none is overslept.
    fn sleep(&self, timeout: Duration) {
        self.control.set_wake(true);
        wait_readable(self.ring.as_raw_fd(), timeout);
        self.control.set_wake(false);
    }
}

fn wait_readable(fd: RawFd, timeout: Duration) {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let millis = i32::try_from(timeout.as_millis())
        .unwrap_or(i32::MAX)
        .max(1);
    // SAFETY: one valid pollfd. An interrupted wait is as good as a time out.
    unsafe { libc::poll(&raw mut poll, 1, millis) };
}
