//! Calls that a process serves and passes on: two hops of one call, of which both are told what it
//! used. One of them counts.
//!
//! The hop next to the provider counts: it is what is paid for, by the provider's own model and
//! prices, and of several attempts each is one. The one before it says that its tokens stand on
//! another span. It counts itself where nothing below it does: a gateway answers from its cache, or
//! what it asks is not seen. Of two hops the one that is over first decides, so that never both nor
//! none count; that is the one next to the provider as a rule, since a gateway passes on what it has
//! read. Where it is only likely that the one was made for the other, it has to have used about as many
//! tokens. A client that hangs up leaves them to what is surely made for it and still under way.
//!
//! Bias: where calls that are served at once are alike, each call that is made for them is taken for
//! one of them, whichever it is: the sum is right, and neither has a parent.

use lru::LruCache;

use super::{
    asking::{Place, is_chat},
    known::Known,
};
use crate::{
    confidence::Confidence,
    llm::{call::Operation, usage::Usage},
    time::Timestamp,
};

/// That both ask the same.
pub(super) const MESSAGES: &str = "messages";
/// Calls that were passed on and are remembered.
const PASSED_ON: usize = 4096;
/// Digests of requests whose clients are not told apart.
const UNCLAIMED: usize = 1024;
/// Of these, calls with one digest.
const ALIKE: usize = 32;

/// Calls that processes serve and pass on.
#[derive(Debug)]
pub(super) struct Hops {
    served: LruCache<Place, Hop>,
    /// Those that count below, and whose client nobody could tell, by the digest of their request.
    unclaimed: LruCache<u64, Vec<Claim>>,
}

/// A call that is served, and others that are made for it.
#[derive(Debug, Clone, Copy)]
struct Hop {
    operation: Operation,
    digest: Option<u64>,
    /// Its client is known.
    is_paired: bool,
    /// Calls that were made for it.
    calls: u32,
    /// Those that are not over yet.
    under_way: u32,
    /// How it is known best of any.
    known: Known,
    /// What those of them used that count.
    below: Option<Below>,
    /// Tokens that it counts itself, or its client, and that stand for those of calls made for it.
    above: Option<u64>,
}

/// What calls below one used.
#[derive(Debug, Clone, Copy)]
struct Below {
    known: Known,
    tokens: u64,
}

/// What was counted below a call whose client was not clear.
#[derive(Debug, Clone, Copy)]
struct Claim {
    served: Place,
    known: Known,
    tokens: u64,
    time: Timestamp,
}

/// A call that is served, as others are made for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served {
    pub(super) place: Place,
    pub(super) operation: Operation,
    /// Of the request.
    pub(super) digest: Option<u64>,
    /// Its client is known.
    pub(super) is_paired: bool,
    /// What the one that is made for it does.
    pub(super) made: Operation,
    /// How it is known that it is made for it.
    pub(super) known: Known,
}

/// What a call that is over says that it used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    tokens: u64,
    /// It was answered to the end.
    is_whole: bool,
}

impl Told {
    pub(super) fn new(usage: &Usage, is_whole: bool) -> Self {
        let tokens = usage
            .input
            .unwrap_or(0)
            .saturating_add(usage.output.unwrap_or(0));
        Self { tokens, is_whole }
    }
}

/// Whether two calls can be hops of one: an embedding that is made for an answer is none.
fn are_hops(served: Operation, made: Operation) -> bool {
    served == made || (is_chat(served) && is_chat(made))
}

/// Whether a call surely is a hop of one that is served: what is known follows from what was seen, or
/// they ask the same, and only which of several that are alike it is for is not known.
pub(super) fn is_sure(known: Known) -> bool {
    known.confidence <= Confidence::Derived || known.by == MESSAGES
}

/// Whether tokens stand for so many others: gateways do not always count to the token.
const fn covers(tokens: u64, others: u64) -> bool {
    tokens.saturating_mul(10) >= others.saturating_mul(9)
}

impl Default for Hops {
    fn default() -> Self {
        Self {
            // Not made with their capacity: that would be allocated at once.
            served: LruCache::unbounded(),
            unclaimed: LruCache::unbounded(),
        }
    }
}

impl Hops {
    /// A call is made for one that is served.
    pub(super) fn begin(&mut self, served: Served) {
        let hop = || Hop {
            operation: served.operation,
            digest: served.digest,
            is_paired: served.is_paired,
            calls: 0,
            under_way: 0,
            known: served.known,
            below: None,
            above: None,
        };
        let hop = self.served.get_or_insert_mut(served.place, hop);
        hop.calls = hop.calls.saturating_add(1);
        if are_hops(hop.operation, served.made) {
            hop.under_way = hop.under_way.saturating_add(1);
        }
        if served.known.confidence < hop.known.confidence {
            hop.known = served.known;
        }
        while self.served.len() > PASSED_ON {
            self.served.pop_lru();
        }
    }

    /// A call that was made for one that is served is over.
    pub(super) fn end(&mut self, served: Place, made: Operation) {
        if let Some(hop) = self.served.peek_mut(&served)
            && are_hops(hop.operation, made)
        {
            hop.under_way = hop.under_way.saturating_sub(1);
        }
    }

    /// The client of a call that is served is known.
    pub(super) fn paired(&mut self, served: Place) {
        let Some(hop) = self.served.peek_mut(&served) else {
            return;
        };
        hop.is_paired = true;
        if let Some(claims) = hop
            .digest
            .and_then(|digest| self.unclaimed.peek_mut(&digest))
        {
            claims.retain(|claim| claim.served != served);
        }
    }

    /// How much was seen of what is made for a call that is served: of those that are alike, the next
    /// call is taken for one of the first.
    pub(super) fn load(&self, served: Place) -> (bool, u32) {
        let hop = self.served.peek(&served);
        hop.map_or((false, 0), |hop| (hop.below.is_some(), hop.calls))
    }

    /// A call is over that tells tokens, and was made for one that is served: whether its tokens stand
    /// on that one.
    pub(super) fn told_below(
        &mut self,
        served: Place,
        operation: Operation,
        known: Known,
        told: Told,
        time: Timestamp,
    ) -> Option<Known> {
        let hop = self.served.get_mut(&served)?;
        if !are_hops(hop.operation, operation) {
            return None;
        }
        if let Some(above) = &mut hop.above
            && (is_sure(known) || covers(*above, told.tokens))
        {
            *above = above.saturating_sub(told.tokens);
            return Some(known);
        }
        if let Some(digest) = hop.digest.filter(|_| !hop.is_paired) {
            let claims = self.unclaimed.get_or_insert_mut(digest, Vec::new);
            let own = claims.iter_mut().find(|claim| claim.served == served);
            if let Some(claim) = own {
                claim.tokens = claim.tokens.saturating_add(told.tokens);
            } else if hop.below.is_none() && claims.len() < ALIKE {
                claims.push(Claim {
                    served,
                    known,
                    tokens: told.tokens,
                    time,
                });
            }
            if claims.is_empty() {
                self.unclaimed.pop(&digest);
            }
            while self.unclaimed.len() > UNCLAIMED {
                self.unclaimed.pop_lru();
            }
        }
        let before = hop.below.unwrap_or(Below { known, tokens: 0 });
        let is_better = known.confidence < before.known.confidence;
        hop.below = Some(Below {
            known: if is_better { known } else { before.known },
            tokens: before.tokens.saturating_add(told.tokens),
        });
        None
    }

    /// A call that is served, or its client, is over and tells tokens: whether these stand on one that
    /// was made for it.
    pub(super) fn told_above(&mut self, served: Place, told: Told) -> Option<Known> {
        let hop = self.served.peek(&served)?;
        match hop.below {
            Some(below) if is_sure(below.known) || covers(below.tokens, told.tokens) => {
                Some(below.known)
            }
            _ if !told.is_whole && hop.under_way > 0 && is_sure(hop.known) => Some(hop.known),
            _ => None,
        }
    }

    /// The tokens of a call that is served stand on it, on its client, or on what that is made for: they
    /// stand for those of calls that are made for it.
    pub(super) fn counts_above(&mut self, served: Place, told: Told) {
        if let Some(hop) = self.served.peek_mut(&served) {
            hop.above.get_or_insert(told.tokens);
        }
    }

    /// The same of a client that could be that of several calls, of which it takes one.
    pub(super) fn claim(&mut self, digest: u64, start: Timestamp, told: Told) -> Option<Known> {
        let claims = self.unclaimed.get_mut(&digest)?;
        let stands_for = |claim: &Claim| is_sure(claim.known) || covers(claim.tokens, told.tokens);
        let at = claims
            .iter()
            .position(|claim| start <= claim.time && stands_for(claim))?;
        let claim = claims.remove(at);
        if claims.is_empty() {
            self.unclaimed.pop(&digest);
        }
        Some(Known::inferred(claim.known.by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::exchange::ExchangeId,
        segment::{ConnectionId, ProcessKey},
    };

    const SERVED: Place = (
        ConnectionId {
            process: ProcessKey(1),
            handle: 1,
            generation: 1,
        },
        ExchangeId(0),
    );
    const SURE: Known = Known::derived(MESSAGES);
    const ALIKE: Known = Known::inferred(MESSAGES);
    const LIKELY: Known = Known::inferred("served_meanwhile");

    fn hops(known: Known) -> Hops {
        let mut hops = Hops::default();
        hops.begin(Served {
            place: SERVED,
            operation: Operation::Chat,
            digest: None,
            is_paired: true,
            made: Operation::Chat,
            known,
        });
        hops
    }

    const fn told(tokens: u64) -> Told {
        Told {
            tokens,
            is_whole: true,
        }
    }

    fn below(hops: &mut Hops, known: Known, tokens: u64) -> Option<Known> {
        let over = Timestamp::default();
        hops.told_below(SERVED, Operation::Chat, known, told(tokens), over)
    }

    #[test]
    fn what_is_only_likely_made_for_a_call_has_to_have_used_as_much() {
        for (known, tokens, elsewhere) in [
            (SURE, 3, Some(SURE)),
            (LIKELY, 10, Some(LIKELY)),
            (LIKELY, 9, Some(LIKELY)),
            (ALIKE, 3, Some(ALIKE)),
            (LIKELY, 3, None),
        ] {
            let mut hops = hops(known);
            assert_eq!(below(&mut hops, known, tokens), None);
            assert_eq!(hops.told_above(SERVED, told(10)), elsewhere, "{known:?}");
        }
        // Several together may.
        let mut hops = hops(LIKELY);
        assert_eq!(below(&mut hops, LIKELY, 6), None);
        assert_eq!(below(&mut hops, LIKELY, 4), None);
        assert_eq!(hops.told_above(SERVED, told(10)), Some(LIKELY));
    }

    #[test]
    fn what_was_counted_above_stands_for_no_more_than_it_is() {
        let mut hops = hops(LIKELY);
        hops.counts_above(SERVED, told(10));
        assert_eq!(below(&mut hops, LIKELY, 6), Some(LIKELY));
        assert_eq!(below(&mut hops, LIKELY, 6), None);
        assert_eq!(below(&mut hops, SURE, 6), Some(SURE));
    }

    /// Two alike clients, and calls that are only likely made for them: for something else beside.
    #[test]
    fn a_client_that_is_not_clear_takes_only_what_is_as_much_as_its_own() {
        for (known, tokens, is_taken) in
            [(LIKELY, 30, false), (LIKELY, 950, true), (ALIKE, 30, true)]
        {
            let mut hops = Hops::default();
            hops.begin(Served {
                place: SERVED,
                operation: Operation::Chat,
                digest: Some(7),
                is_paired: false,
                made: Operation::Chat,
                known,
            });
            assert_eq!(below(&mut hops, known, tokens - 10), None);
            assert_eq!(below(&mut hops, known, 10), None);
            let claimed = hops.claim(7, Timestamp::default(), told(1000));
            assert_eq!(claimed.is_some(), is_taken, "{known:?} {tokens}");
            assert_eq!(hops.claim(7, Timestamp::default(), told(1000)), None);
        }
    }

    #[test]
    fn who_hangs_up_leaves_its_tokens_to_what_is_under_way() {
        let cut = Told {
            tokens: 5,
            is_whole: false,
        };
        let mut hops = hops(SURE);
        assert_eq!(hops.told_above(SERVED, told(5)), None, "nobody hung up");
        assert_eq!(hops.told_above(SERVED, cut), Some(SURE));
        assert_eq!(below(&mut hops, SURE, 9), None, "it counts");
        // Nothing of it is under way any more: nobody else tells.
        let mut hops = self::hops(SURE);
        hops.end(SERVED, Operation::Chat);
        assert_eq!(hops.told_above(SERVED, cut), None);
        // Likely is not enough.
        assert_eq!(self::hops(LIKELY).told_above(SERVED, cut), None);
    }
}
