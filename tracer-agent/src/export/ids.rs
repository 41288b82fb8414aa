//! Trace and span ids of exported spans.

use std::hash::{BuildHasher as _, RandomState};

use opentelemetry::trace::{SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracer_core::{
    llm::call::PairNumber,
    semconv::{Span, SpanKind, SpanPlace},
};

/// Where a span stands in its trace; the same in every output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanIds {
    /// The caller's trace if the request carried its context, else a new one.
    pub trace_id: TraceId,
    /// The span itself.
    pub span_id: SpanId,
    /// The caller's span, or that of the client where this is the server's; invalid (zero) for a root.
    pub parent_id: SpanId,
    /// The parent is a span of another process.
    pub is_parent_remote: bool,
    /// The caller's flags, always with `sampled`: what is exported is recorded, whatever the
    /// caller decided for its own spans.
    pub flags: TraceFlags,
}

/// Gives spans their ids.
///
/// Those of a call that was seen at both ends follow from its number, so that whichever span leaves
/// first knows those of the other.
#[derive(Debug, Clone, Default)]
pub struct IdSource {
    /// New with every start: ids of different runs and hosts must not meet.
    keys: RandomState,
}

/// What is derived from the number of a pair.
#[derive(Hash)]
enum Derived {
    Span,
    TraceHigh,
    TraceLow,
}

impl IdSource {
    /// Joins the caller's trace or begins a new one.
    pub fn ids(&self, span: &Span) -> SpanIds {
        if let Some(place) = &span.place {
            return SpanIds::of(place, span);
        }
        let generator = RandomIdGenerator::default();
        let of_client = span.pair.map(|pair| self.span_id(pair));
        let trace_id = match (&span.parent, span.pair) {
            (Some(parent), _) => TraceId::from_bytes(parent.trace_id),
            (None, Some(pair)) => self.trace_id(pair),
            (None, None) => generator.new_trace_id(),
        };
        let of_caller = span.parent.as_ref().map_or(SpanId::INVALID, |parent| {
            SpanId::from_bytes(parent.parent_id)
        });
        let (span_id, parent_id) = match (span.kind, of_client) {
            (SpanKind::Client, Some(own)) => (own, of_caller),
            (SpanKind::Server, Some(client)) => (generator.new_span_id(), client),
            (SpanKind::Internal, _) | (_, None) => (generator.new_span_id(), of_caller),
        };
        SpanIds {
            trace_id,
            span_id,
            parent_id,
            is_parent_remote: parent_id != SpanId::INVALID,
            flags: flags(span),
        }
    }

    fn span_id(&self, pair: PairNumber) -> SpanId {
        SpanId::from_bytes(self.derive(Derived::Span, pair).to_be_bytes())
    }

    fn trace_id(&self, pair: PairNumber) -> TraceId {
        let (high, low) = (Derived::TraceHigh, Derived::TraceLow);
        let high = u128::from(self.derive(high, pair)) << 64;
        TraceId::from_bytes((high | u128::from(self.derive(low, pair))).to_be_bytes())
    }

    /// Never zero, which is no id.
    fn derive(&self, what: Derived, pair: PairNumber) -> u64 {
        self.keys.hash_one((what, pair)).max(1)
    }
}

/// The caller's flags, and that it is recorded.
fn flags(span: &Span) -> TraceFlags {
    let flags = span.parent.as_ref().map_or(0, |parent| parent.flags);
    TraceFlags::new(flags) | TraceFlags::SAMPLED
}

impl SpanIds {
    fn of(place: &SpanPlace, span: &Span) -> Self {
        let parent = place.parent;
        Self {
            trace_id: TraceId::from_bytes(place.trace.0.to_be_bytes()),
            span_id: SpanId::from_bytes(place.span.0.to_be_bytes()),
            parent_id: parent.map_or(SpanId::INVALID, |(parent, _)| {
                SpanId::from_bytes(parent.0.to_be_bytes())
            }),
            is_parent_remote: parent.is_some_and(|(_, is_remote)| is_remote),
            flags: flags(span),
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
            pair: None,
            place: None,
            links: Vec::new(),
            events: Vec::new(),
            start: Default::default(),
            end: Default::default(),
            error: None,
            attributes: Vec::new(),
        }
    }

    /// The example of W3C Trace Context, section 3.2.4.
    fn caller() -> TraceParent {
        TraceParent {
            trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes(),
            parent_id: 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes(),
            flags: 0,
            state: None,
        }
    }

    /// The ids of a call's spans of client and server, which number it has.
    fn both(source: &IdSource, number: u64, parent: Option<TraceParent>) -> [SpanIds; 2] {
        [SpanKind::Server, SpanKind::Client].map(|kind| {
            source.ids(&Span {
                kind,
                pair: Some(PairNumber(number)),
                ..span(parent.clone())
            })
        })
    }

    #[test]
    fn joins_the_callers_trace() {
        let ids = IdSource::default().ids(&span(Some(caller())));
        assert_eq!(ids.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(ids.parent_id.to_string(), "00f067aa0ba902b7");
        assert!(ids.flags.is_sampled());
        assert!(!ids.is_root());
    }

    #[test]
    fn roots_get_traces_of_their_own() {
        let source = IdSource::default();
        let (one, other) = (source.ids(&span(None)), source.ids(&span(None)));
        assert!(one.is_root());
        assert_ne!(one.trace_id, other.trace_id);
        assert_ne!(one.span_id, SpanId::INVALID);
    }

    #[test]
    fn the_server_is_the_child_of_its_client_whoever_comes_first() {
        let source = IdSource::default();
        let [server, client] = both(&source, 1, None);
        assert!(client.is_root());
        assert_eq!(server.parent_id, client.span_id);
        assert_eq!(server.trace_id, client.trace_id);
        assert_ne!(server.span_id, client.span_id);
        let [_, next] = both(&source, 2, None);
        assert_ne!(
            (next.trace_id, next.span_id),
            (client.trace_id, client.span_id)
        );
        let [_, of_other_run] = both(&IdSource::default(), 1, None);
        assert_ne!(of_other_run.trace_id, client.trace_id);
    }

    #[test]
    fn both_stay_in_the_trace_of_the_caller() {
        let [server, client] = both(&IdSource::default(), 1, Some(caller()));
        assert_eq!(client.parent_id.to_string(), "00f067aa0ba902b7");
        assert_eq!(server.parent_id, client.span_id);
        for ids in [server, client] {
            assert_eq!(ids.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        }
    }
}
