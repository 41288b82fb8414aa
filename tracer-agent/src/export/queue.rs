//! The queue in front of an output: bounded in bytes and items, never blocks the capture thread.
//!
//! When it is full, what waits is kept and what comes is dropped: an outage's first calls are
//! those that tell how it began, and the ones under delivery are never torn out of a batch.
//! An item counts against the bounds until its [`Held`] is dropped, so what an output is busy
//! sending is bounded too.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;

use crate::telemetry::export::QueueMetrics;

/// Bounds of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes, as estimated by those who offer.
    pub bytes: usize,
    /// Most items.
    pub items: usize,
}

/// Why an item was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// It would have passed a bound.
    #[error("the queue is full")]
    Full,
    /// The output has ended.
    #[error("the output has ended")]
    Closed,
}

/// The capture thread's end.
#[derive(Debug)]
pub struct Sender<T> {
    items: mpsc::UnboundedSender<Held<T>>,
    room: Arc<Room>,
    dropped: Counter,
}

/// The output's end. Yields `None` when all senders are gone and everything was taken.
#[derive(Debug)]
pub struct Receiver<T> {
    items: mpsc::UnboundedReceiver<Held<T>>,
}

/// An item that still counts against the bounds of its queue.
#[derive(Debug)]
pub struct Held<T> {
    /// The item.
    pub item: T,
    // Gives the room back when dropped.
    #[expect(dead_code, reason = "held for its destructor")]
    reservation: Reservation,
}

/// A queue with the given bounds, shown in `metrics`; counts in `dropped` what it does not take.
pub fn bounded<T>(
    bounds: Bounds,
    metrics: QueueMetrics,
    dropped: Counter,
) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let room = Room {
        bounds,
        bytes: AtomicUsize::new(0),
        items: AtomicUsize::new(0),
        metrics,
    };
    (
        Sender {
            items: sender,
            room: Arc::new(room),
            dropped,
        },
        Receiver { items: receiver },
    )
}

impl<T> Sender<T> {
    /// Queues `item`, which takes about `bytes` of memory. Never blocks.
    ///
    /// # Errors
    ///
    /// When the item was dropped, which is counted.
    pub fn offer(&self, item: T, bytes: usize) -> Result<(), Dropped> {
        self.try_offer(item, bytes).inspect_err(|_| {
            self.dropped.inc();
        })
    }

    /// Whether an item of so many bytes would be taken now.
    pub fn fits(&self, bytes: usize) -> bool {
        let Bounds { bytes: most, .. } = self.room.bounds;
        let taken = self.room.bytes.load(Ordering::Relaxed);
        taken.checked_add(bytes).is_some_and(|sum| sum <= most)
    }

    /// Whether less than half of what may wait does.
    pub fn has_room(&self) -> bool {
        let Bounds { bytes, items } = self.room.bounds;
        self.room.bytes.load(Ordering::Relaxed) < bytes / 2
            && self.room.items.load(Ordering::Relaxed) < items / 2
    }

    fn try_offer(&self, item: T, bytes: usize) -> Result<(), Dropped> {
        let reservation = Room::reserve(&self.room, bytes).ok_or(Dropped::Full)?;
        self.items
            .send(Held { item, reservation })
            .map_err(|_| Dropped::Closed)
    }
}

// Derived, it would ask for `T: Clone`.
impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            items: self.items.clone(),
            room: Arc::clone(&self.room),
            dropped: self.dropped.clone(),
        }
    }
}

impl<T> Receiver<T> {
    /// Waits for the next item.
    pub async fn recv(&mut self) -> Option<Held<T>> {
        self.items.recv().await
    }

    /// Waits for the next item, on a thread without a runtime.
    pub fn blocking_recv(&mut self) -> Option<Held<T>> {
        self.items.blocking_recv()
    }

    /// The next item if there is one now.
    pub fn try_recv(&mut self) -> Option<Held<T>> {
        self.items.try_recv().ok()
    }

    /// All senders are gone: what is left is all that will come.
    pub fn is_closed(&self) -> bool {
        self.items.is_closed()
    }
}

#[derive(Debug)]
struct Room {
    bounds: Bounds,
    bytes: AtomicUsize,
    items: AtomicUsize,
    metrics: QueueMetrics,
}

impl Room {
    fn reserve(room: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        take(&room.items, 1, room.bounds.items)?;
        if take(&room.bytes, bytes, room.bounds.bytes).is_none() {
            room.items.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        room.metrics.items.inc();
        room.metrics.bytes.inc_by(as_gauge(bytes));
        Some(Reservation {
            room: Arc::clone(room),
            bytes,
        })
    }
}

/// Adds `amount` to `taken` unless that passes `bound`.
fn take(taken: &AtomicUsize, amount: usize, bound: usize) -> Option<()> {
    let add = |now: usize| now.checked_add(amount).filter(|&sum| sum <= bound);
    taken
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
        .ok()
        .map(drop)
}

#[derive(Debug)]
struct Reservation {
    room: Arc<Room>,
    bytes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.room.items.fetch_sub(1, Ordering::Relaxed);
        self.room.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.room.metrics.items.dec();
        self.room.metrics.bytes.dec_by(as_gauge(self.bytes));
    }
}

fn as_gauge(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(bytes: usize, items: usize) -> (Sender<u32>, Receiver<u32>, QueueMetrics) {
        let metrics = QueueMetrics::default();
        let bounds = Bounds { bytes, items };
        let (sender, receiver) = bounded(bounds, metrics.clone(), Counter::default());
        (sender, receiver, metrics)
    }

    #[test]
    fn keeps_the_oldest_up_to_the_bound_in_bytes() {
        let (sender, mut receiver, metrics) = queue(100, usize::MAX);
        assert_eq!(sender.offer(1, 60), Ok(()));
        assert_eq!(sender.offer(2, 60), Err(Dropped::Full));
        assert_eq!(sender.offer(3, 40), Ok(()));
        assert_eq!((metrics.items.get(), metrics.bytes.get()), (2, 100));
        assert_eq!(sender.dropped.get(), 1);
        assert_eq!(receiver.try_recv().map(|held| held.item), Some(1));
        assert_eq!(receiver.try_recv().map(|held| held.item), Some(3));
        assert_eq!((metrics.items.get(), metrics.bytes.get()), (0, 0));
    }

    #[test]
    fn what_was_taken_counts_until_it_is_dropped() {
        let (sender, mut receiver, _) = queue(100, 1);
        sender.offer(1, 10).unwrap();
        let held = receiver.try_recv().unwrap();
        assert_eq!(sender.offer(2, 10), Err(Dropped::Full));
        drop(held);
        assert_eq!(sender.offer(3, 10), Ok(()));
    }

    #[test]
    fn a_gone_output_is_told_and_holds_no_room() {
        let (sender, receiver, metrics) = queue(100, 10);
        drop(receiver);
        assert_eq!(sender.offer(1, 10), Err(Dropped::Closed));
        assert_eq!(metrics.bytes.get(), 0);
    }

    #[test]
    fn ends_when_the_senders_are_gone_and_all_was_taken() {
        let (sender, mut receiver, _) = queue(100, 10);
        sender.offer(1, 10).unwrap();
        drop(sender);
        assert!(receiver.is_closed());
        assert_eq!(receiver.blocking_recv().map(|held| held.item), Some(1));
        assert!(receiver.blocking_recv().is_none());
    }
}
