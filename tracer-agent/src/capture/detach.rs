//! Takes many probes away at once.
//!
//! The kernel lets nobody close a link before all that may still run its program have left it: a grace
//! period, tens of milliseconds, for each. Those who wait at the same time share one.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use super::attach::Attached;

/// Threads that wait, this one aside.
const THREADS: usize = 63;
/// Stack of one: closing a file takes next to none.
const STACK: usize = 64 << 10;

/// Removes the probes of many files in hardly more time than those of one take.
pub fn detach(all: impl IntoIterator<Item = Attached>) {
    drop_together(all.into_iter().flat_map(Attached::into_links).collect());
}

/// Drops values whose drop waits. What the system refuses threads for, this one drops.
fn drop_together<T: Send>(values: Vec<T>) {
    let threads = THREADS.min(values.len().saturating_sub(1));
    let values = Mutex::new(values);
    let drop_some = || {
        let next = || values.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(value) = next() {
            drop(value);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            let builder = thread::Builder::new()
                .name("detach".to_owned())
                .stack_size(STACK);
            if builder.spawn_scoped(scope, drop_some).is_err() {
                break;
            }
        }
        drop_some();
    });
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Condvar},
        time::Duration,
    };

    use super::*;

    /// Values that are being dropped, and that were.
    #[derive(Default)]
    struct Counts {
        waiting: Mutex<usize>,
        changed: Condvar,
    }

    /// Waits in its drop until `together` of them do.
    struct Slow {
        counts: Arc<Counts>,
        together: usize,
    }

    impl Drop for Slow {
        fn drop(&mut self) {
            let mut waiting = self.counts.waiting.lock().unwrap();
            *waiting += 1;
            self.counts.changed.notify_all();
            let patience = Duration::from_secs(60);
            let alone = |waiting: &mut usize| *waiting < self.together;
            let waited = &self.counts.changed;
            let (waiting, end) = waited.wait_timeout_while(waiting, patience, alone).unwrap();
            drop(waiting);
            assert!(!end.timed_out(), "dropped one after the other");
        }
    }

    #[test]
    fn as_many_wait_together_as_there_are_threads() {
        for (values, together) in [(0, 0), (1, 1), (5, 5), (200, THREADS + 1)] {
            let counts = Arc::new(Counts::default());
            let slow = || Slow {
                counts: Arc::clone(&counts),
                together,
            };
            drop_together((0..values).map(|_| slow()).collect());
            assert_eq!(*counts.waiting.lock().unwrap(), values);
        }
    }
}
