//! Decides how much of an HTTP connection is worth copying.
//!
//! ```text
//! nothing said ──► HeadOnly ──► Watch         no LLM call in so many exchanges
//!        └───────────┴───────────┴─► Full     an LLM call, or a host that serves little else
//! ```
//!
//! HTTP/1.1 is never given up: a pool that polled the health of a gateway all day may carry a call
//! next, and a short head of each request is enough to see it come.
//!
//! HTTP/2 is followed whole or not at all: its exchanges interleave, so no turn begins with a head,
//! and a head that is skipped leaves those behind it undecodable. Until it is judged the budget of
//! the kernel for new connections bounds what it costs; after [`WHOLE_PATIENCE`] times as many
//! exchanges it is ignored, and a call that it carries after that is not seen.
//!
//! A connection that the process serves is followed by its requests, and left after so many exchanges
//! without a call as its process deserves (see [`Processes`](super::processes::Processes)): most
//! servers serve no models.
//!
//! Bias: a connection that made one LLM call stays `Full`, because most clients keep one pool per
//! provider. Wrong costs the copying of other traffic through a shared proxy.

use crate::verdict::Verdict;

/// How much longer a connection is looked at that is followed whole: the alternative is to be blind.
pub(super) const WHOLE_PATIENCE: u32 = 4;

/// What was decided about one connection so far.
#[derive(Debug, Default)]
pub(super) struct Judge {
    said: Option<Verdict>,
    /// Some LLM call was confirmed, or the host says enough.
    certain: bool,
    /// Exchanges that were no LLM call.
    others: u32,
    /// Heads alone make no sense on the connection.
    whole: bool,
}

/// What one exchange says about its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The request looks like an LLM call.
    Candidate,
    /// It is one, or its host serves little else.
    Llm,
    /// It is none.
    Other,
}

impl Judge {
    /// Weighs an exchange; returns the verdict if it changes. `patience`: exchanges without an LLM
    /// call after which as little as possible is copied.
    pub(super) fn weigh(&mut self, evidence: Evidence, patience: u32) -> Option<Verdict> {
        match evidence {
            Evidence::Candidate => self.say(Verdict::Full),
            Evidence::Llm => {
                self.certain = true;
                self.say(Verdict::Full)
            }
            Evidence::Other if self.certain => None,
            Evidence::Other => {
                self.others = self.others.saturating_add(1);
                match (self.whole, self.others >= patience) {
                    (false, false) => self.say(Verdict::HeadOnly),
                    (false, true) => self.say(Verdict::Watch),
                    (true, _) if self.others >= patience.saturating_mul(WHOLE_PATIENCE) => {
                        self.say(Verdict::Ignore)
                    }
                    (true, _) => None,
                }
            }
        }
    }

    /// An exchange that the process served is no call; returns the verdict if it changes. `patience`:
    /// such exchanges after which the connection is left, or only watched if the process `makes_calls`:
    /// what it is asked for may be what it makes them for.
    pub(super) fn weigh_served(&mut self, patience: u32, makes_calls: bool) -> Option<Verdict> {
        if self.certain {
            return None;
        }
        self.others = self.others.saturating_add(1);
        if self.others >= patience {
            let is_watched = makes_calls && !self.whole;
            return self.say(if is_watched {
                Verdict::Watch
            } else {
                Verdict::Ignore
            });
        }
        (!self.whole)
            .then(|| self.say(Verdict::HeadOnlyServed))
            .flatten()
    }

    /// Heads alone make no sense from here on; returns the verdict if it changes.
    pub(super) fn follow_whole(&mut self) -> Option<Verdict> {
        self.whole = true;
        self.is_head_only()
            .then(|| self.say(Verdict::Full))
            .flatten()
    }

    /// Heads alone make no sense on the connection.
    pub(super) const fn follows_whole(&self) -> bool {
        self.whole
    }

    /// The connection is followed in full.
    pub(super) fn is_full(&self) -> bool {
        self.said == Some(Verdict::Full)
    }

    /// Nothing spoke for LLM calls yet, but something against.
    pub(super) fn is_head_only(&self) -> bool {
        matches!(
            self.said,
            Some(Verdict::HeadOnly | Verdict::HeadOnlyServed | Verdict::Watch)
        )
    }

    /// The connection was given up.
    pub(super) fn is_ignored(&self) -> bool {
        self.said == Some(Verdict::Ignore)
    }

    fn say(&mut self, verdict: Verdict) -> Option<Verdict> {
        let new = self.said != Some(verdict);
        self.said = Some(verdict);
        new.then_some(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_is_said_once() {
        let mut judge = Judge::default();
        let verdicts: Vec<_> = (0..4).map(|_| judge.weigh(Evidence::Other, 3)).collect();
        assert_eq!(
            verdicts,
            [Some(Verdict::HeadOnly), None, Some(Verdict::Watch), None]
        );
    }

    #[test]
    fn a_connection_with_a_call_stays_full() {
        let mut judge = Judge::default();
        assert_eq!(judge.weigh(Evidence::Other, 3), Some(Verdict::HeadOnly));
        assert_eq!(judge.weigh(Evidence::Candidate, 3), Some(Verdict::Full));
        assert_eq!(judge.weigh(Evidence::Llm, 3), None);
        for _ in 0..10 {
            assert_eq!(judge.weigh(Evidence::Other, 3), None);
        }
    }

    #[test]
    fn what_is_followed_whole_is_full_or_ignored() {
        let mut judge = Judge::default();
        assert_eq!(judge.follow_whole(), None);
        let verdicts: Vec<_> = (0..4).map(|_| judge.weigh(Evidence::Other, 1)).collect();
        assert_eq!(verdicts, [None, None, None, Some(Verdict::Ignore)]);
        let mut judge = Judge::default();
        judge.weigh(Evidence::Other, 1);
        assert_eq!(judge.follow_whole(), Some(Verdict::Full));
        let verdicts: Vec<_> = (0..3).map(|_| judge.weigh(Evidence::Other, 1)).collect();
        assert_eq!(verdicts, [None, None, Some(Verdict::Ignore)]);
    }

    #[test]
    fn what_is_served_is_left_unless_it_had_a_call() {
        let mut judge = Judge::default();
        let verdicts: Vec<_> = (0..3).map(|_| judge.weigh_served(3, false)).collect();
        let ignore = Some(Verdict::Ignore);
        assert_eq!(verdicts, [Some(Verdict::HeadOnlyServed), None, ignore]);

        let mut judge = Judge::default();
        judge.follow_whole();
        assert_eq!(
            [judge.weigh_served(2, false), judge.weigh_served(2, false)],
            [None, ignore]
        );

        let mut judge = Judge::default();
        let verdicts: Vec<_> = (0..3).map(|_| judge.weigh_served(2, true)).collect();
        let watch = Some(Verdict::Watch);
        assert_eq!(verdicts, [Some(Verdict::HeadOnlyServed), watch, None]);

        let mut judge = Judge::default();
        judge.weigh_served(8, false);
        assert_eq!(judge.weigh(Evidence::Llm, 8), Some(Verdict::Full));
        assert_eq!(judge.weigh_served(1, false), None);
    }

    #[test]
    fn a_candidate_that_was_none_counts_as_other() {
        let mut judge = Judge::default();
        assert_eq!(judge.weigh(Evidence::Candidate, 2), Some(Verdict::Full));
        assert_eq!(judge.weigh(Evidence::Other, 2), Some(Verdict::HeadOnly));
        assert_eq!(judge.weigh(Evidence::Candidate, 2), Some(Verdict::Full));
        assert_eq!(judge.weigh(Evidence::Other, 2), Some(Verdict::Watch));
        assert_eq!(judge.weigh(Evidence::Candidate, 2), Some(Verdict::Full));
    }
}
