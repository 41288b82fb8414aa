//! Trace and span ids of exported spans.

use opentelemetry::trace::{SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracer_core::semconv::Span;

/// Where a span stands in its trace; the same in every output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanIds {
    /// The caller's trace if the request carried its context, else a new one.
    pub trace_id: TraceId,
    /// The span itself.
    pub span_id: SpanId,
    /// The caller's span; invalid (zero) for a root.
    pub parent_id: SpanId,
    /// The caller's flags, always with `sampled`: what is exported is recorded, whatever the
    /// caller decided for its own spans.
    pub flags: TraceFlags,
}

impl SpanIds {
    /// Joins the caller's trace or starts a new one, with ids from the SDK's generator.
    pub fn for_span(span: &Span) -> Self {
        let generator = RandomIdGenerator::default();
        let span_id = generator.new_span_id();
        match &span.parent {
            Some(parent) => Self {
                trace_id: TraceId::from_bytes(parent.trace_id),
                span_id,
                parent_id: SpanId::from_bytes(parent.parent_id),
                flags: TraceFlags::new(parent.flags) | TraceFlags::SAMPLED,
            },
            None => Self {
                trace_id: generator.new_trace_id(),
                span_id,
                parent_id: SpanId::INVALID,
                flags: TraceFlags::SAMPLED,
            },
        }
    }

    /// Whether the span has no parent.
    pub fn is_root(&self) -> bool {
        self.parent_id == SpanId::INVALID
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::{llm::call::TraceParent, segment::ProcessKey, semconv::SpanKind};

    use super::*;

    fn span(parent: Option<TraceParent>) -> Span {
        Span {
            process: ProcessKey(1),
            kind: SpanKind::Client,
            name: "chat".into(),
            parent,
            start: Default::default(),
            end: Default::default(),
            error: None,
            attributes: Vec::new(),
        }
    }

    /// The example of W3C Trace Context, section 3.2.4.
    #[test]
    fn joins_the_callers_trace() {
        let ids = SpanIds::for_span(&span(Some(TraceParent {
            trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes(),
            parent_id: 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes(),
            flags: 0,
            state: None,
        })));
        assert_eq!(ids.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(ids.parent_id.to_string(), "00f067aa0ba902b7");
        assert!(ids.flags.is_sampled());
        assert!(!ids.is_root());
    }

    #[test]
    fn roots_get_traces_of_their_own() {
        let (one, other) = (
            SpanIds::for_span(&span(None)),
            SpanIds::for_span(&span(None)),
        );
        assert!(one.is_root());
        assert_ne!(one.trace_id, other.trace_id);
        assert_ne!(one.span_id, SpanId::INVALID);
    }
}
