//! Calls that belong together: attempts, turns, conversations, tools.
//!
//! ```text
//! request seen ──► asked()    ──► where the call stands: trace, parent, session, attempt
//! call over    ──► answered() ──► Lineage on the call; what later calls can be joined by
//!              ──► Step       ──► spans that no exchange has: a turn, a tool, a call with its attempts
//! ```
//!
//! A **turn** is what a user asked for: from a message to the final answer, with all tools between. A
//! **session** is turns of one conversation. Ids come from a keyed hash, so that a call never waits
//! for those around it; the span around a turn is sent once, last, and only if there was more in it
//! than one call.
//!
//! Every link says how it is known ([`Confidence`](crate::confidence::Confidence)) and by which rule. What would be a guess is left
//! out: a call that cannot be joined begins a trace of its own.

mod asking;
mod attempts;
mod correlator;
mod ending;
mod finding;
mod hops;
mod ids;
mod inbound;
mod joining;
mod judging;
mod known;
mod lineage;
mod memory;
mod open;
mod opinions;
mod passing;
mod quotes;
mod repeated;
mod requests;
mod serving;
mod step;
mod tenants;
mod tools;
mod turn;
mod turns;
mod working;

pub use ids::{IdKey, SpanId, TraceId};
pub use known::Known;
pub use lineage::{Attempt, AttemptKind, Lineage, Link, Parent, Relation, Session};
pub use step::{Step, StepKind, ToolBound};

pub use asking::NamedSession;
pub(crate) use asking::{Asking, caller};
pub(crate) use correlator::Correlator;
pub use correlator::Relations;
pub(crate) use tenants::Tenant;
