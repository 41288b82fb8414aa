//! Takes many probes away at once.
//!
//! The kernel lets nobody close a link before all that may still run its program have left it: a grace
//! period, tens of milliseconds, for each. Those who wait at the same time share one.

use std::{
    collections::HashSet,
    hash::Hash,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
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

/// Drops values of files in a thread of its own: what comes while it waits is dropped together.
#[derive(Debug)]
pub struct Detacher<K, V> {
    work: Sender<(K, V)>,
    leaving: Arc<Mutex<HashSet<K>>>,
    thread: JoinHandle<()>,
}

impl<K: Copy + Eq + Hash + Send + 'static, V: Send + 'static> Detacher<K, V> {
    /// Starts the thread; `detach` drops many values together.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(detach: impl Fn(Vec<V>) + Send + 'static) -> io::Result<Self> {
        let (work, orders) = mpsc::channel::<(K, V)>();
        let leaving = Arc::new(Mutex::new(HashSet::new()));
        let left = leaving.clone();
        let thread = thread::Builder::new()
            .name("detacher".to_owned())
            .spawn(move || {
                while let Ok(first) = orders.recv() {
                    let (files, values): (Vec<K>, Vec<V>) =
                        [first].into_iter().chain(orders.try_iter()).unzip();
                    detach(values);
                    let mut left = lock(&left);
                    files.iter().for_each(|file| {
                        left.remove(file);
                    });
                }
            })?;
        Ok(Self {
            work,
            leaving,
            thread,
        })
    }

    /// Has a file's value dropped.
    pub fn detach(&self, file: K, value: V) {
        lock(&self.leaving).insert(file);
        // If the thread ended by a panic, the value is dropped here.
        if self.work.send((file, value)).is_err() {
            lock(&self.leaving).remove(&file);
        }
    }

    /// Whether something of a file is still being dropped. The kernel keeps one copy of the instruction
    /// under a breakpoint for all who probe that place: after the file was overwritten it is the wrong one,
    /// until the last of them has gone.
    pub fn is_leaving(&self, file: K) -> bool {
        // A thread that ended by a panic drops nothing more.
        !self.thread.is_finished() && lock(&self.leaving).contains(&file)
    }

    /// Waits until all are dropped.
    pub fn finish(self) {
        let Self { work, thread, .. } = self;
        drop(work);
        if thread.join().is_err() {
            tracing::error!("the thread that takes probes away ended by a panic");
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops values whose drop waits. What the system refuses threads for, this one drops.
fn drop_together<T: Send>(values: Vec<T>) {
    let threads = THREADS.min(values.len().saturating_sub(1));
    let values = Mutex::new(values);
    let drop_some = || {
        let next = || lock(&values).pop();
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
        sync::Condvar,
        time::{Duration, Instant},
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

    #[test]
    fn a_file_leaves_until_its_value_is_dropped_and_no_other() {
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let detacher = Detacher::start(move |values: Vec<&str>| {
            gate.lock().unwrap().recv().unwrap();
            drop(values);
        })
        .unwrap();
        detacher.detach(1, "one");
        assert!(detacher.is_leaving(1) && !detacher.is_leaving(2));
        go.send(()).unwrap();
        let begun = Instant::now();
        while detacher.is_leaving(1) {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never leaves");
            thread::yield_now();
        }
        detacher.detach(3, "three");
        go.send(()).unwrap();
        detacher.finish();
    }
}
