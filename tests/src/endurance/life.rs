//! One life of a process and the calls that it was told to make.

/// Numbers of calls that a life may have: call `k` of life `i` has the number `i * CALLS + k`, so that a
/// number, and the token counts that follow from it, tell whose call it is.
pub const CALLS: u64 = 1000;

/// What was done by one process, from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Number of the life, from 1 on.
    pub number: u64,
    /// Which of the processes that run at once.
    pub slot: usize,
    /// Its process id.
    pub pid: u32,
    /// Calls that were answered: the first so many.
    pub answered: u64,
    /// Whether it was killed while it made another one.
    pub cut: bool,
}

impl Life {
    /// The number of its call `k`, from 0 on.
    pub const fn call(&self, k: u64) -> u64 {
        self.number * CALLS + k
    }

    /// The life that a call belongs to.
    pub const fn of_call(n: u64) -> u64 {
        n / CALLS
    }

    /// What is known of its call `n`.
    pub fn end_of(&self, n: u64) -> End {
        match n.checked_sub(self.call(0)) {
            Some(k) if k < self.answered => End::Answered,
            Some(k) if k == self.answered && self.cut => End::Cut,
            _ => End::NeverMade,
        }
    }
}

/// How a call ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has read the answer.
    Answered,
    /// It was killed meanwhile.
    Cut,
    /// It was not told to make it.
    NeverMade,
}

/// The word in the model's name that tells which process asks.
pub fn mark(slot: usize) -> String {
    format!("-slot-{slot}")
}

/// Whether a model's name has this mark.
pub fn is_marked(model: &str, slot: usize) -> bool {
    let mut words = model.split('-').skip_while(|word| *word != "slot").skip(1);
    words.next().and_then(|word| word.parse().ok()) == Some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Life = Life {
        number: 3,
        slot: 7,
        pid: 1,
        answered: 2,
        cut: true,
    };

    #[test]
    fn a_number_tells_whose_call_it_is() {
        let ends = [2999, 3000, 3001, 3002, 3003].map(|n| LIFE.end_of(n));
        assert_eq!(
            ends,
            [
                End::NeverMade,
                End::Answered,
                End::Answered,
                End::Cut,
                End::NeverMade
            ]
        );
        assert_eq!(Life::of_call(LIFE.call(2)), 3);
    }

    #[test]
    fn a_mark_is_a_word_of_its_own() {
        let model = format!("gpt-4o-mini{}-stream-9-2026-01-01", mark(1));
        assert!(is_marked(&model, 1));
        assert!(!is_marked(&model, 9));
        assert!(!is_marked(&format!("gpt-4o-mini{}-stream-9", mark(12)), 1));
    }
}
