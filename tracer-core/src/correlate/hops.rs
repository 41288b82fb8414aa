//! Calls that a process serves and passes on: two hops of one call, of which both are told what it
//! used. One of them counts.
//!
//! The hop next to the provider counts: it is what is paid for, by the provider's own model and
//! prices, and of several attempts each is one. The one before it says that its tokens stand on
//! another span. It counts itself where nothing below it does: a gateway answers from its cache, or
//! what it asks is not seen. Of two hops the one that is over first decides, so that never both nor
//! none count; that is the one next to the provider as a rule, since a gateway passes on what it has
//! read.
//!
//! Bias: where calls that are served at once are alike, each call that is made for them is taken for
//! one of them, whichever it is: the sum is right, and neither has a parent.

use lru::LruCache;

use super::{
    asking::{Place, is_chat},
    known::Known,
};
use crate::{llm::call::Operation, time::Timestamp};

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
    /// One of them counts.
    below: Option<Known>,
    /// It counts itself, or its client does.
    counts: bool,
}

/// What was counted below a call whose client was not clear.
#[derive(Debug, Clone, Copy)]
struct Claim {
    served: Place,
    known: Known,
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
            below: None,
            counts: false,
        };
        self.served.get_or_insert_mut(served.place, hop).calls += 1;
        while self.served.len() > PASSED_ON {
            self.served.pop_lru();
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
        time: Timestamp,
    ) -> Option<Known> {
        let hop = self.served.get_mut(&served)?;
        let is_same = hop.operation == operation || (is_chat(hop.operation) && is_chat(operation));
        if !is_same {
            return None;
        }
        if hop.counts {
            return Some(known);
        }
        if hop.below.is_none()
            && let Some(digest) = hop.digest.filter(|_| !hop.is_paired)
        {
            let claim = Claim {
                served,
                known,
                time,
            };
            let claims = self.unclaimed.get_or_insert_mut(digest, Vec::new);
            if claims.len() < ALIKE {
                claims.push(claim);
            }
            while self.unclaimed.len() > UNCLAIMED {
                self.unclaimed.pop_lru();
            }
        }
        hop.below = hop
            .below
            .filter(|before| before.confidence <= known.confidence)
            .or(Some(known));
        None
    }

    /// A call that is served, or its client, is over and tells tokens: whether these stand on one that
    /// was made for it. `counts`: otherwise this one has them.
    pub(super) fn told_above(&mut self, served: Place, counts: bool) -> Option<Known> {
        let hop = self.served.peek_mut(&served)?;
        hop.counts |= counts && hop.below.is_none();
        hop.below
    }

    /// The same of a client that could be that of several calls, of which it takes one.
    pub(super) fn claim(&mut self, digest: u64, start: Timestamp) -> Option<Known> {
        let claims = self.unclaimed.get_mut(&digest)?;
        let at = claims.iter().position(|claim| start <= claim.time)?;
        let claim = claims.remove(at);
        if claims.is_empty() {
            self.unclaimed.pop(&digest);
        }
        Some(Known::inferred(claim.known.by))
    }
}
