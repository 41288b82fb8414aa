//! Spans that no exchange has.

use super::{
    ids::{SpanId, TraceId},
    known::Known,
    lineage::{Link, Parent, Session},
};
use crate::{evaluation::Evaluation, segment::ProcessKey, time::Timestamp};

/// Something that is told by the calls around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Whose.
    pub process: ProcessKey,
    /// The trace.
    pub trace: TraceId,
    /// Its span.
    pub span: SpanId,
    /// What it is part of.
    pub parent: Option<Parent>,
    /// Spans that it is related to.
    pub links: Vec<Link>,
    /// The conversation.
    pub session: Option<Session>,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// What it is.
    pub kind: StepKind,
    /// What was found of it.
    pub evaluations: Vec<Evaluation>,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// A turn of an agent: all calls and tools from what the user asked to the answer.
    Turn {
        /// Who served the first call.
        provider: Option<String>,
        /// The agent, where it names itself.
        agent: Option<String>,
        /// Calls to models.
        calls: u64,
        /// Tools that were asked for.
        tool_calls: u64,
    },
    /// A request that the process served, and for which it made calls.
    Request {
        /// Its method.
        method: &'static str,
        /// Its path; `{}` stands for parts that are no names.
        template: String,
        /// Status of the answer, if that was seen.
        status: Option<u16>,
    },
    /// A call with all attempts at it.
    Attempts {
        /// How many there were.
        attempts: u64,
    },
    /// A tool at work.
    Tool {
        /// Its name.
        name: Option<String>,
        /// The provider's id of the call.
        id: Option<String>,
        /// What start and end are.
        bound: ToolBound,
        /// How it is known that the result is that of the call; `None` if none was brought.
        known: Option<Known>,
        /// The tool failed, as its result says.
        is_error: Option<bool>,
    },
}

/// How the time of a tool is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolBound {
    /// From the answer that asked to the request that brought the result: the most it can have taken,
    /// with what people took to approve.
    Upper,
    /// From the first to the last that was seen of it at work.
    Observed,
}

impl ToolBound {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upper => "upper_bound",
            Self::Observed => "observed",
        }
    }
}
