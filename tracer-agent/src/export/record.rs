//! What every output is given.

use std::sync::Arc;

use tracer_core::{
    llm::call::{Call, Released},
    policy::{Release, ReleasedStep},
    semconv::{
        self, ContentPlace, EVALUATION_RESULT, Event, EventSpan, Measurement, Severity, Span,
        SpanEvent,
    },
};

use crate::{config::choices::EvaluationPlace, host::process::ProcessInfo};

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
    /// Its trace is kept: without that, only the measurements go anywhere.
    pub is_sampled: bool,
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
            is_sampled: true,
        }
    }

    /// What a policy lets out of a call, if that is anything.
    pub fn of_release(
        process: Arc<ProcessInfo>,
        release: Release,
        content: ContentPlace,
    ) -> Option<Self> {
        match release {
            Release::Call(call) => Some(Self::new(process, call, content)),
            Release::Measured(call) => Some(Self {
                is_sampled: false,
                ..Self::new(process, call, content)
            }),
            Release::Nothing => None,
        }
    }

    /// Evaluations that the span has as events go where they are wanted.
    #[must_use]
    pub fn with_evaluations(mut self, place: EvaluationPlace) -> Self {
        if place != EvaluationPlace::Span {
            let is_evaluation = |event: &&SpanEvent| event.name == EVALUATION_RESULT;
            let evaluations = self.span.events.iter().filter(is_evaluation);
            self.events.extend(evaluations.map(|event| Event {
                name: event.name,
                time: event.time,
                span: EventSpan::Own,
                severity: Severity::Info,
                attributes: event.attributes.clone(),
            }));
        }
        if place == EvaluationPlace::Log {
            self.span
                .events
                .retain(|event| event.name != EVALUATION_RESULT);
        }
        self
    }

    /// Something that calls tell of: a turn, a tool.
    pub fn of_step(process: Arc<ProcessInfo>, step: &ReleasedStep) -> Self {
        Self {
            process,
            span: semconv::step_span(step),
            events: Vec::new(),
            measurements: Vec::new(),
            call: None,
            is_sampled: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::samples;

    #[test]
    fn evaluations_go_where_they_are_wanted() {
        let at = |place| {
            let mut facts = samples::chat();
            facts.evaluations = vec![samples::truncated()];
            let item = samples::item(facts);
            let record = Record {
                process: item.process,
                call: item.call,
                span: item.span,
                events: Vec::new(),
                measurements: Vec::new(),
                is_sampled: true,
            };
            let record = record.with_evaluations(place);
            (record.span.events.len(), record.events.len())
        };
        assert_eq!(at(EvaluationPlace::Span), (1, 0));
        assert_eq!(at(EvaluationPlace::Log), (0, 1));
        assert_eq!(at(EvaluationPlace::Both), (1, 1));
    }
}
