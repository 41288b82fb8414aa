//! What every output is given.

use std::sync::Arc;

use tracer_core::{
    llm::call::{Call, Released},
    policy::ReleasedStep,
    semconv::{self, ContentPlace, Event, Measurement, Span},
};

use crate::host::process::ProcessInfo;

/// One released call with its span, events and measurements, or a span beside calls, and whose it is.
#[derive(Debug, Clone)]
pub struct Record {
    /// Whose call.
    pub process: Arc<ProcessInfo>,
    /// The facts of a call, without its content, for outputs that do not speak OpenTelemetry.
    pub call: Option<Arc<Call<Released>>>,
    /// The span.
    pub span: Span,
    /// What happened in it, or was found of it.
    pub events: Vec<Event>,
    /// The measurements.
    pub measurements: Vec<Measurement>,
}

impl Record {
    /// A call with its span and measurements; what the policy let out of what it says goes to `content`.
    pub fn new(process: Arc<ProcessInfo>, call: Call<Released>, content: ContentPlace) -> Self {
        let (span, event) = semconv::tell(&call, content);
        Self {
            process,
            span,
            events: event.into_iter().collect(),
            measurements: semconv::measurements(&call),
            call: Some(Arc::new(call.without_content())),
        }
    }

    /// Something that calls tell of: a turn, a tool.
    pub fn of_step(process: Arc<ProcessInfo>, step: &ReleasedStep) -> Self {
        Self {
            process,
            span: semconv::step_span(step),
            events: Vec::new(),
            measurements: Vec::new(),
            call: None,
        }
    }
}
