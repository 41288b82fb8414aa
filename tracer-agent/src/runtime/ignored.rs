//! Calls on connections that are ignored: counted by the kernel half in the state of each
//! connection, told when it ends, looked up while it is open.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tracer_common::conn::{ConnKey, ConnState};

/// How often the open connections are looked up: one system call for each of them.
const INTERVAL: Duration = Duration::from_secs(5);

/// Ignored connections that are open, and how many of their calls were counted so far.
#[derive(Debug)]
pub struct IgnoredCalls {
    open: HashMap<ConnKey, Life>,
    looked: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Life {
    generation: u64,
    counted: u32,
}

impl Life {
    /// Calls that were not counted yet. The kernel's number is small and may wrap around.
    fn count(&mut self, total: u32) -> u64 {
        let new = total.wrapping_sub(self.counted);
        self.counted = total;
        new.into()
    }
}

impl IgnoredCalls {
    /// None so far.
    pub fn new(now: Instant) -> Self {
        Self {
            open: HashMap::new(),
            looked: now,
        }
    }

    /// A connection is ignored from now on.
    pub fn judged(&mut self, key: ConnKey, generation: u64) {
        let counted = 0;
        self.open.insert(
            key,
            Life {
                generation,
                counted,
            },
        );
    }

    /// A connection ended after `total` ignored calls; returns those that were not counted yet.
    pub fn ended(&mut self, key: ConnKey, generation: u64, total: u32) -> u64 {
        match self.open.get(&key) {
            Some(life) if life.generation == generation => self
                .open
                .remove(&key)
                .map_or(0, |mut life| life.count(total)),
            // Ignored from its first call, as those of excluded processes are.
            _ => total.into(),
        }
    }

    /// Looks the open connections up if it is time; returns the calls that were not counted yet.
    /// Those that the kernel half knows no more are forgotten.
    pub fn look(&mut self, now: Instant, state: impl Fn(ConnKey) -> Option<ConnState>) -> u64 {
        if now.saturating_duration_since(self.looked) < INTERVAL {
            return 0;
        }
        self.looked = now;
        let mut new = 0;
        self.open.retain(|key, life| {
            let state = state(*key).filter(|state| state.generation == life.generation);
            new += state.map_or(0, |state| life.count(state.ignored));
            state.is_some()
        });
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(handle: u64) -> ConnKey {
        ConnKey {
            tgid: 1,
            zero: 0,
            handle,
        }
    }

    fn state(generation: u64, ignored: u32) -> Option<ConnState> {
        Some(ConnState {
            generation,
            ignored,
            ..ConnState::default()
        })
    }

    #[test]
    fn calls_are_counted_once_while_open_and_at_the_end() {
        let start = Instant::now();
        let mut calls = IgnoredCalls::new(start);
        calls.judged(key(1), 10);
        assert_eq!(calls.look(start, |_| state(10, 5)), 0, "not yet time");
        assert_eq!(calls.look(start + INTERVAL, |_| state(10, 5)), 5);
        assert_eq!(calls.look(start + 2 * INTERVAL, |_| state(10, 7)), 2);
        assert_eq!(calls.ended(key(1), 10, 8), 1);
        assert_eq!(calls.ended(key(2), 11, 4), 4, "of an excluded process");
    }

    #[test]
    fn a_connection_that_is_gone_is_forgotten() {
        let start = Instant::now();
        let mut calls = IgnoredCalls::new(start);
        calls.judged(key(1), 10);
        calls.judged(key(2), 10);
        let reused = |key: ConnKey| if key.handle == 1 { state(20, 9) } else { None };
        assert_eq!(calls.look(start + INTERVAL, reused), 0);
        assert!(calls.open.is_empty());
    }

    #[test]
    fn the_kernels_number_may_wrap_around() {
        let start = Instant::now();
        let mut calls = IgnoredCalls::new(start);
        calls.judged(key(1), 10);
        calls.look(start + INTERVAL, |_| state(10, u32::MAX));
        assert_eq!(calls.ended(key(1), 10, 2), 3);
    }
}
