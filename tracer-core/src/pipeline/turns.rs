//! Finds exchanges that were lost whole, by the turns that the kernel counted.
//!
//! On HTTP/1.1 without pipelining a turn (from reading back to writing) is an exchange. So a turn
//! in which no request was seen is a lost exchange, unless it belongs to a request that went on: a
//! body that was held back for `100 Continue`, or one that went on below an early response. The
//! first is told by the request's head, the second by bytes that follow those of the request without
//! a gap. Where losses hide what a held-back body did, one turn is given the benefit of the doubt. So
//! nothing is counted twice or too often; with pipelining, where one turn holds several requests,
//! lost ones may be missed.
//!
//! A server turns when it begins to answer, so its last turn may be nothing but an answer: it is never
//! taken for a lost exchange.

use crate::{
    detect::Role,
    segment::{Direction, FinalCounts, Segment},
};

/// The turns of one connection.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The latest turn that was seen.
    current: Option<Turn>,
    /// Turns before the current one whose exchange was never seen, and not taken yet.
    lost: u32,
    /// The process wrote something.
    wrote: bool,
    role: Role,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    number: u32,
    /// A request was seen in it, or it belongs to one that was.
    accounted: bool,
}

impl Turns {
    /// It is known on which side the process is.
    pub(super) const fn take_side(&mut self, role: Role) {
        self.role = role;
    }

    /// A segment came, before its bytes are parsed. `goes_on`: a new turn may be, or is, more of the
    /// request under way.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, goes_on: bool) {
        let first_write = segment.direction == Direction::Outbound && !self.wrote;
        self.wrote |= first_write;
        match self.current {
            None => {
                self.lost = segment.turn;
                self.current = Some(Turn {
                    number: segment.turn,
                    accounted: false,
                });
            }
            Some(turn) if segment.turn > turn.number => {
                self.leave(turn, segment.turn - turn.number - 1, goes_on);
                self.current = Some(Turn {
                    number: segment.turn,
                    accounted: goes_on,
                });
            }
            Some(_) => {}
        }
        // All of turn 0 was the end of an answer to a request from before the agent came.
        if first_write && segment.offset == 0 && segment.turn == 1 {
            self.lost = self.lost.saturating_sub(1);
        }
    }

    /// A request was seen in the current turn.
    pub(super) fn request(&mut self) {
        if let Some(turn) = &mut self.current {
            turn.accounted = true;
        }
    }

    /// The connection is over.
    pub(super) fn close(&mut self, counts: Option<FinalCounts>, goes_on: bool) {
        let last = counts.map(|counts| counts.turns);
        match (self.current, last) {
            (Some(turn), Some(last)) if self.role == Role::Server => {
                if last > turn.number {
                    self.leave(turn, last - turn.number - 1, goes_on);
                }
            }
            (Some(_), None) if self.role == Role::Server => {}
            (Some(turn), Some(last)) if last > turn.number => {
                self.leave(turn, last - turn.number, goes_on);
            }
            // The end of an answer to a request from before the agent came.
            (Some(_), _) if !self.wrote && counts.is_none_or(|counts| counts.outbound == 0) => {}
            (Some(turn), _) => self.lost = self.lost.saturating_add(u32::from(!turn.accounted)),
            (None, _) => {}
        }
        self.current = None;
    }

    /// Takes the number of lost exchanges that were found since the last time.
    pub(super) fn take_lost(&mut self) -> u32 {
        std::mem::take(&mut self.lost)
    }

    /// Settles `turn` and the `unseen` ones after it, of which one may have been the rest of the
    /// request under way.
    fn leave(&mut self, turn: Turn, unseen: u32, goes_on: bool) {
        let doubt = u32::from(goes_on && unseen > 0);
        self.lost = self
            .lost
            .saturating_add(u32::from(!turn.accounted))
            .saturating_add(unseen - doubt);
    }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
