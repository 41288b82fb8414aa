//! Calls under way.

use super::{
    asking::Place,
    attempts::{self, GroupNumber},
    ids::{SpanId, TraceId},
    known::Known,
    lineage::{Attempt, Link, Parent, Session},
    serving::ServedMarks,
    turn::TurnNumber,
};
use crate::{llm::call::Operation, time::Timestamp};

/// A call under way.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) start: Timestamp,
    pub(super) span: SpanId,
    pub(super) trace: TraceId,
    pub(super) session: Option<Session>,
    pub(super) links: Vec<Link>,
    pub(super) side: Side,
}

/// What differs by the role of the process.
#[derive(Debug)]
pub(super) enum Side {
    /// It made the call.
    Made(Made),
    /// It serves it.
    Served {
        parent: Option<Parent>,
        marks: ServedMarks,
        /// Others have joined its trace, which cannot change any more.
        is_joined: bool,
        /// Its client is only likely.
        is_doubtful: bool,
        /// Calls were made for it.
        has_calls: bool,
        operation: Operation,
        /// Digest of its request.
        request: Option<u64>,
        /// The call of a process of this host that it is the other end of.
        client: Option<Place>,
    },
}

/// A call that the process made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) turn: TurnNumber,
    /// The span of the caller's own, where the request names one.
    pub(super) caller: Option<Parent>,
    /// How it is known to belong to its turn, unless it began that.
    pub(super) joined: Option<Known>,
    pub(super) group: Option<GroupNumber>,
    pub(super) attempt: Option<Attempt>,
    pub(super) marks: attempts::Marks,
    pub(super) target: u64,
    /// All that it asks, of whom.
    pub(super) key: Option<u64>,
    /// The tool that it does the work of.
    pub(super) tool: Option<(TurnNumber, SpanId)>,
    /// Digest of its request.
    pub(super) request: Option<u64>,
    /// Its other end, where a process of this host serves it.
    pub(super) served_by: Option<Place>,
    /// The call that the process serves, and made this one for.
    pub(super) passes_on: Option<(Place, Known)>,
    /// What stands below it told its tokens where this one would.
    pub(super) is_told_of: bool,
    /// What it does, as far as that was known when it was made.
    pub(super) operation: Operation,
}
