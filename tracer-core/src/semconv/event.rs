//! Events: log records with a name, each of one span.

use super::{
    content::content_attributes,
    span::{Span, metadata_span},
    value::Attributes,
};
use crate::{
    correlate::{SpanId, TraceId},
    llm::call::{Call, Released},
    time::Timestamp,
};

/// Name of the event that tells what a call says.
pub const INFERENCE_DETAILS: &str = "gen_ai.client.inference.operation.details";

/// Attributes of spans that the conventions want on the event of a call, by how they begin. Others
/// stand on its span alone.
const OF_CALLS: [&str; 7] = [
    "gen_ai.", "openai.", "aws.", "azure.", "server.", "error.", "mcp.",
];

/// An event, ready for an exporter.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened, in the words of the conventions.
    pub name: &'static str,
    /// When.
    pub time: Timestamp,
    /// The span that it tells of.
    pub span: EventSpan,
    /// How much it matters.
    pub severity: Severity,
    /// Attributes.
    pub attributes: Attributes,
}

/// The span of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSpan {
    /// The one that it is handed over with.
    Own,
    /// One that is known by its ids.
    Known(TraceId, SpanId),
    /// None that is known.
    Unknown,
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the severities of OpenTelemetry")]
pub enum Severity {
    Debug,
    Info,
    Warn,
    Error,
}

impl Severity {
    /// As OpenTelemetry writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Where content goes that a policy lets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentPlace {
    /// On the span.
    #[default]
    Span,
    /// In an event.
    Event,
    /// To both.
    Both,
    /// Nowhere.
    None,
}

impl ContentPlace {
    const fn is_on_span(self) -> bool {
        matches!(self, Self::Span | Self::Both)
    }

    const fn is_in_event(self) -> bool {
        matches!(self, Self::Event | Self::Both)
    }
}

/// The span of a call, and the event with what it says, if the policy let any of that out and it is to
/// go there.
pub fn tell(call: &Call<Released>, place: ContentPlace) -> (Span, Option<Event>) {
    let mut span = metadata_span(call);
    if place == ContentPlace::None {
        return (span, None);
    }
    let content = content_attributes(call);
    let event = (place.is_in_event() && !content.is_empty()).then(|| details(&span, &content));
    if place.is_on_span() {
        span.attributes.extend(content);
    }
    (span, event)
}

fn details(span: &Span, content: &Attributes) -> Event {
    let of_call = span
        .attributes
        .iter()
        .filter(|(name, _)| OF_CALLS.iter().any(|start| name.starts_with(start)));
    Event {
        name: INFERENCE_DETAILS,
        time: span.end,
        span: EventSpan::Own,
        severity: Severity::Debug,
        attributes: of_call.chain(content).cloned().collect(),
    }
}
