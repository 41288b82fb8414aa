//! Waiting for threads that were told to stop.

use std::{thread::JoinHandle, time::Duration};

/// Pause between two looks at a thread that is to end.
const JOIN_PAUSE: Duration = Duration::from_millis(5);

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
