//! What the exporters say in their logs while they export.
//!
//! The gRPC exporter tells there, and nowhere else, how many items a collector rejected, and what
//! the status of a failed attempt held beside its code. What it says to operators is not passed on:
//! it takes each failed attempt for a loss, and [`super::outage`] says it all once.

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber, dispatcher,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

use super::seen::{Attempt, Seen};

/// The target of their events.
const EXPORTERS: &str = "opentelemetry-otlp";
/// How the names of the gRPC exporters' events begin.
const GRPC: &str = "Tonic";

/// A subscriber for the time of an export: it notes in `seen`, and leaves all that others log to
/// the subscriber that is in place now.
pub(super) fn listen(seen: Seen) -> Dispatch {
    let outer = dispatcher::get_default(Dispatch::clone);
    Dispatch::new(Listener { seen, outer })
}

struct Listener {
    seen: Seen,
    outer: Dispatch,
}

fn is_exporters(metadata: &Metadata<'_>) -> bool {
    metadata.target() == EXPORTERS
}

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match is_exporters(metadata) {
            true => Interest::always(),
            false => self.outer.register_callsite(metadata),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_exporters(metadata) || self.outer.enabled(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        if !is_exporters(metadata) {
            return self.outer.event(event);
        }
        if metadata.name().starts_with(GRPC) {
            self.seen.note(|attempt| event.record(attempt));
        }
        if *metadata.level() > Level::INFO && self.outer.enabled(metadata) {
            self.outer.event(event);
        }
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.outer.new_span(attributes)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        self.outer.record(span, values);
    }

    fn record_follows_from(&self, span: &span::Id, follows: &span::Id) {
        self.outer.record_follows_from(span, follows);
    }

    fn enter(&self, span: &span::Id) {
        self.outer.enter(span);
    }

    fn exit(&self, span: &span::Id) {
        self.outer.exit(span);
    }

    fn clone_span(&self, span: &span::Id) -> span::Id {
        self.outer.clone_span(span)
    }

    fn try_close(&self, span: span::Id) -> bool {
        self.outer.try_close(span)
    }
}

/// The fields of `PartialSuccess` and `ExportFailed`.
impl Visit for Attempt {
    fn record_i64(&mut self, field: &Field, value: i64) {
        if let "rejected_spans" | "rejected_data_points" | "rejected_log_records" = field.name() {
            self.answer.rejected = u64::try_from(value).unwrap_or(0);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "error_message" => value.clone_into(&mut self.answer.message),
            "grpc_message" => value.clone_into(&mut self.status.message),
            // A list of bytes in debug format is one in JSON as well.
            "grpc_details" => {
                self.status.details = serde_json::from_str(value).unwrap_or_default();
            }
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
