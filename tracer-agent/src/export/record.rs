//! What every output is given.

use std::sync::Arc;

use tracer_core::{
    llm::call::{Call, Released},
    policy::{Release, ReleasedStep},
    semconv::{self, Measurement, Span},
};

use crate::host::process::ProcessInfo;

/// One released call with its span and measurements, or a span beside calls, and whose it is.
#[derive(Debug, Clone)]
pub struct Record {
    /// Whose call.
    pub process: Arc<ProcessInfo>,
    /// The facts of a call, for outputs that do not speak OpenTelemetry.
    pub call: Option<Arc<Call<Released>>>,
    /// The span.
    pub span: Span,
    /// The measurements.
    pub measurements: Vec<Measurement>,
    /// Its trace is kept: without that, only the measurements go anywhere.
    pub is_sampled: bool,
}

impl Record {
    /// A call with its span and measurements.
    pub fn new(process: Arc<ProcessInfo>, call: Call<Released>) -> Self {
        Self {
            process,
            span: semconv::span(&call),
            measurements: semconv::measurements(&call),
            call: Some(Arc::new(call)),
            is_sampled: true,
        }
    }

    /// What a policy lets out of a call, if that is anything.
    pub fn of_release(process: Arc<ProcessInfo>, release: Release) -> Option<Self> {
        match release {
            Release::Call(call) => Some(Self::new(process, call)),
            Release::Measured(call) => Some(Self {
                is_sampled: false,
                ..Self::new(process, call)
            }),
            Release::Nothing => None,
        }
    }

    /// Something that calls tell of: a turn, a tool.
    pub fn of_step(process: Arc<ProcessInfo>, step: &ReleasedStep) -> Self {
        Self {
            process,
            span: semconv::step_span(step),
            measurements: Vec::new(),
            call: None,
            is_sampled: true,
        }
    }
}
