//! Waits between attempts: longer each time, and never in step with the agents of other nodes.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// First wait; doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(500);
/// Thousands of nodes may come back to one server at once.
const LONGEST: Duration = Duration::from_secs(30);
/// A server that asks for a longer wait is asked again all the same.
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// The state of one series of attempts.
#[derive(Debug)]
pub struct Backoff {
    delay: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { delay: FIRST }
    }
}

impl Backoff {
    /// The next wait: between half and all of the delay, and no shorter than was asked for.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.delay / 2 + random(self.delay / 2);
        self.delay = (self.delay * 2).min(LONGEST);
        wait.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    /// It worked.
    pub fn reset(&mut self) {
        self.delay = FIRST;
    }
}

/// Anything below `limit`.
pub fn random(limit: Duration) -> Duration {
    // Seeded by the system; a hash of nothing is as random as the seed.
    let share = RandomState::new().hash_one(()) % 1_000;
    limit * u32::try_from(share).unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_follow_the_server() {
        let mut backoff = Backoff::default();
        assert!((FIRST / 2..FIRST).contains(&backoff.next(None)));
        let last = (0..10).map(|_| backoff.next(None)).last();
        assert!(last.is_some_and(|last| (LONGEST / 2..LONGEST).contains(&last)));
        let asked = Duration::from_secs(60);
        assert_eq!(backoff.next(Some(asked)), asked);
        assert_eq!(backoff.next(Some(asked * 60)), LONGEST_ASKED);
        backoff.reset();
        assert!(backoff.next(None) < FIRST);
    }
}
