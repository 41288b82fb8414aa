//! Waiting for something that another process does.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longest wait for the last of the calls to be printed or exported.
pub const SETTLE: Duration = Duration::from_secs(20);

/// Waits until a list is as long as it should get, then a little for what should not come.
pub fn settled<T>(wanted: usize, mut list: impl FnMut() -> Vec<T>) -> Vec<T> {
    until(SETTLE, || (list().len() >= wanted).then_some(()));
    thread::sleep(Duration::from_millis(300));
    list()
}

/// Asks again and again until there is a value or the time is over.
pub fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = ask() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
