//! Hands values from one thread to another that may be slower: what it did not take in time makes room for
//! what came later.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Slot<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    /// Nobody will put anything there any more.
    is_closed: bool,
}

/// Who puts values there.
#[derive(Debug)]
pub(super) struct Giver<T>(Arc<Slot<T>>);

/// Who takes them.
#[derive(Debug)]
pub(super) struct Taker<T>(Arc<Slot<T>>);

/// A place for one value.
pub(super) fn newest<T>() -> (Giver<T>, Taker<T>) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State {
            value: None,
            is_closed: false,
        }),
        changed: Condvar::new(),
    });
    (Giver(Arc::clone(&slot)), Taker(slot))
}

impl<T> Slot<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Giver<T> {
    /// Never waits.
    pub(super) fn give(&self, value: T) {
        self.0.state().value = Some(value);
        self.0.changed.notify_one();
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl<T> Taker<T> {
    /// Waits for a value; `None` once there will be none.
    pub(super) fn take(&self) -> Option<T> {
        let empty = |state: &mut State<T>| state.value.is_none() && !state.is_closed;
        let waited = self.0.changed.wait_while(self.0.state(), empty);
        waited.unwrap_or_else(PoisonError::into_inner).value.take()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_was_not_taken_in_time_makes_room() {
        let (giver, taker) = newest();
        giver.give(1);
        giver.give(2);
        assert_eq!(taker.take(), Some(2));
        thread::scope(|scope| {
            let waits = scope.spawn(|| (taker.take(), taker.take(), taker.take()));
            giver.give(3);
            while giver.0.state().value.is_some() {
                thread::yield_now();
            }
            giver.give(4);
            drop(giver);
            assert_eq!(waits.join().unwrap(), (Some(3), Some(4), None));
        });
    }
}
