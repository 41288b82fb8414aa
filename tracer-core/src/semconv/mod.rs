//! The vocabulary: every attribute and metric name, and the neutral form of a span.
//!
//! Dialect 1.41 of the OpenTelemetry semantic conventions. A fact that this dialect has no name
//! for stands under `llm_tracer.`; nothing else in the tree spells an attribute or metric name. What
//! single backends read beside it is in [`backends`].

pub mod attributes;
mod attribution;
pub mod backends;
mod build;
mod content;
mod cost;
mod document;
mod evaluation;
mod event;
mod finish_reason;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod lineage;
mod mcp;
mod measure;
mod messages;
mod metrics;
mod own;
mod parts;
mod permit;
pub mod resource;
mod socket;
mod span;
mod value;

pub use attribution::{OTHER_VALUE, attribute_measurement, attribute_span};
pub use content::drop_content;
pub use evaluation::{EVALUATION_RESULT, PostedEvaluation, SpanEvent, posted_event, verdict_event};
pub use event::{ContentPlace, Event, EventSpan, INFERENCE_DETAILS, Severity, tell};
pub use lineage::{SpanLink, SpanPlace, step_span};
pub use measure::{Measurement, measurements};
pub use metrics::{DURATION_BUCKETS, Metric, TOKEN_BUCKETS};
pub(crate) use span::operation_name;
pub use span::{Span, SpanKind, span};
pub use value::{Attributes, Value};
