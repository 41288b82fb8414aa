//! Threads that work until they are told to stop, and waiting for them.

use std::{
    io,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

/// Pause between two looks at a thread that is to end.
const JOIN_PAUSE: Duration = Duration::from_millis(5);

/// A thread of which it is noticed when it ends unasked.
#[derive(Debug)]
pub struct Watched {
    name: &'static str,
    thread: JoinHandle<()>,
    /// Its other end is dropped with the thread, however that ends.
    ended: oneshot::Receiver<()>,
}

/// A thread has ended that nobody told to.
#[derive(Debug, thiserror::Error)]
#[error("the {0} thread ended unexpectedly; please report what stands above")]
pub struct EndedUnasked(&'static str);

impl Watched {
    /// Starts it.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn spawn(name: &'static str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (alive, ended) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _alive = alive;
                work();
            })?;
        Ok(Self {
            name,
            thread,
            ended,
        })
    }

    /// Resolves when it has ended. Must not be polled again then.
    pub async fn ended(&mut self) -> EndedUnasked {
        let _ = (&mut self.ended).await;
        EndedUnasked(self.name)
    }

    /// It was told to stop.
    pub fn into_thread(self) -> JoinHandle<()> {
        self.thread
    }
}

/// Waits for a thread that was told to stop, but not for ever: one that hangs in the kernel must not
/// keep the calls that wait from being delivered.
pub(super) async fn join_within(limit: Duration, thread: JoinHandle<()>) {
    let ended = tokio::time::timeout(limit, async {
        while !thread.is_finished() {
            tokio::time::sleep(JOIN_PAUSE).await;
        }
    });
    if ended.await.is_err() {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        tracing::error!("the {name} thread does not stop; going on without it");
        return;
    }
    join(thread);
}

/// Waits for a thread, however long it takes.
pub(super) fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread ended by a panic; please report this");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_ends_or_panics_is_noticed() {
        for panics in [false, true] {
            let mut watched = Watched::spawn("worker", move || {
                assert!(!panics, "as wanted");
            })
            .unwrap();
            let said = watched.ended().await.to_string();
            assert!(said.starts_with("the worker thread ended"), "{said}");
            assert_eq!(watched.into_thread().join().is_err(), panics);
        }
    }

    #[tokio::test]
    async fn one_that_works_is_waited_for() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut watched = Watched::spawn("worker", move || {
            let _ = stopped.recv();
        })
        .unwrap();
        let wait = Duration::from_millis(50);
        assert!(tokio::time::timeout(wait, watched.ended()).await.is_err());
        drop(stop);
        watched.ended().await;
    }
}
