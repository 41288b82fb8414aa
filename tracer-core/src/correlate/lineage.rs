//! Where a call stands among others.

use super::{
    asking::SessionName,
    ids::{SpanId, TraceId},
    known::Known,
};
use crate::confidence::Confidence;

/// Where a call stands: its place in a trace, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The trace.
    pub trace: TraceId,
    /// The call's span.
    pub span: SpanId,
    /// The span that it is part of; `None` for a root.
    pub parent: Option<Parent>,
    /// Spans that it is related to without being part of them.
    pub links: Vec<Link>,
    /// The conversation.
    pub session: Option<Session>,
    /// Which attempt it is, where there were others.
    pub attempt: Option<Attempt>,
}

/// A span that another one is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Its id.
    pub span: SpanId,
    /// It is the span of another process.
    pub is_remote: bool,
    /// How that is known.
    pub known: Known,
}

/// A relation to another span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The trace of the other span.
    pub trace: TraceId,
    /// The other span.
    pub span: SpanId,
    /// What it is to this one.
    pub relation: Relation,
    /// How that is known.
    pub known: Known,
}

/// What a linked span is to the one that has the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The attempt before.
    PreviousAttempt,
    /// The call that the conversation goes on from.
    PreviousCall,
    /// The call that asked for the tool.
    AskedBy,
    /// A call that looked up, embedded or judged what this one asks.
    PreparedBy,
    /// The call whose answer this one judges or embeds.
    Uses,
}

impl Relation {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreviousAttempt => "previous_attempt",
            Self::PreviousCall => "previous_call",
            Self::AskedBy => "asked_by",
            Self::PreparedBy => "prepared_by",
            Self::Uses => "uses",
        }
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id: what the wire says, or one of our own.
    pub id: String,
    /// How it is known that a call belongs to it.
    pub known: Known,
    /// The call that named it, where the wire does: where that does not leave, neither does the name. Ids of
    /// our own name nothing.
    pub named_by: Option<SpanId>,
}

impl Session {
    /// The same as that of another call.
    pub(super) fn handed_on(&self, known: Known) -> Self {
        Self {
            id: self.id.clone(),
            known,
            named_by: self.named_by,
        }
    }

    /// What the wire calls it.
    pub(super) fn name(&self) -> Option<SessionName<'_>> {
        let is_named = self.known.confidence == Confidence::Observed;
        is_named.then_some(SessionName {
            source: self.known.by,
            id: &self.id,
        })
    }
}

/// One of several attempts at the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u64,
    /// What it is.
    pub kind: AttemptKind,
    /// Why it was made: `error.type` of the attempt before, if that was seen.
    pub reason: Option<String>,
    /// How that is known.
    pub known: Known,
}

/// Kinds of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptKind {
    /// The first one, which failed in a way after which clients try again.
    First,
    /// The same again.
    Retry,
    /// The same of another model or another host.
    Fallback,
}

impl AttemptKind {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
        }
    }
}
