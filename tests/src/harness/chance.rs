//! Chance that comes out the same in every run.

use std::time::Duration;

/// A generator of numbers (xorshift), good enough to choose moments.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// Each seed its own sequence.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// True `of` times in `all`.
    pub const fn is(&mut self, of: u64, all: u64) -> bool {
        (self.next() >> 16) % all < of
    }

    /// A time between two.
    pub fn between(&mut self, (least, most): (Duration, Duration)) -> Duration {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        least + most.saturating_sub(least).mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lie_between_the_two_and_differ() {
        let mut chance = Chance::new(1);
        let bounds = (Duration::from_millis(10), Duration::from_millis(20));
        let times: Vec<_> = (0..100).map(|_| chance.between(bounds)).collect();
        assert!(
            times
                .iter()
                .all(|time| *time >= bounds.0 && *time <= bounds.1)
        );
        assert!(times.windows(2).any(|pair| pair[0] != pair[1]));
        let hits = (0..1000).filter(|_| chance.is(1, 4)).count();
        assert!((150..350).contains(&hits), "{hits}");
    }
}
