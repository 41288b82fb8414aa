//! What requests to a collector would hold, made as those that are sent, and not sent.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;
use opentelemetry_proto::{
    tonic::collector::metrics::v1::ExportMetricsServiceRequest,
    transform::{
        common::tonic::ResourceAttributesWithSchema, logs::tonic::group_logs_by_resource_and_scope,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{logs::LogBatch, metrics::data::ResourceMetrics};
use tokio::time::Instant;
use tracer_core::semconv::{
    Event,
    backends::{Annotation, Backend},
};

use super::{
    annotations::is_reached,
    logs::{EventIds, EventItem},
    message,
    meters::Meters,
    resource::ResourceBase,
    settings::OtlpSettings,
    span,
    traces::SpanItem,
};
use crate::{
    export::{fields::Fields, ids::SpanIds, record::Record},
    host::process::ProcessInfo,
};

/// What would be in requests to a collector. Where none is configured, as if one took everything.
#[derive(Debug)]
pub struct Unsent {
    backend: Backend,
    resources: ResourceBase,
    scope: InstrumentationScope,
    meters: Meters,
    signals: Signals,
}

/// What is sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    /// Spans.
    pub traces: bool,
    /// Events that go by themselves.
    pub logs: bool,
    /// Measurements.
    pub metrics: bool,
    /// Evaluations of spans that have left, by an interface of the backend.
    pub annotations: bool,
}

/// Some of a request: items of one process.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Whose they are, and what made them.
    pub origin: Fields,
    /// Spans, log records or metrics.
    pub items: Vec<Fields>,
}

impl Unsent {
    /// As `settings` would have it sent.
    pub fn new(settings: &OtlpSettings) -> Self {
        let resources = ResourceBase::new(&settings.resource_attributes, settings.backend);
        let is_off = settings.is_off();
        Self {
            backend: settings.backend,
            meters: Meters::new(settings.temporality, resources.clone()),
            resources,
            scope: span::scope(),
            signals: Signals {
                traces: is_off || settings.traces.is_some(),
                logs: is_off || settings.logs.is_some(),
                metrics: is_off || settings.metrics.is_some(),
                annotations: settings.backend.takes_annotations()
                    && (is_off || settings.traces.as_ref().is_some_and(is_reached)),
            },
        }
    }

    /// What is sent at all.
    pub const fn signals(&self) -> Signals {
        self.signals
    }

    /// The span of a record.
    pub fn span(&self, record: &Record, ids: SpanIds) -> Option<Part> {
        let item = SpanItem {
            process: Arc::clone(&record.process),
            span: record.span.clone(),
            ids,
            backend: self.backend,
        };
        let spans = vec![item.data(&self.scope)];
        let grouped = group_spans_by_resource_and_scope(spans, &self.resource(&record.process));
        let group = grouped.into_iter().next().filter(|_| self.signals.traces)?;
        let of_scope = group.scope_spans.into_iter().next()?;
        Some(Part {
            origin: message::origin(
                group.resource,
                group.schema_url,
                of_scope.scope,
                of_scope.schema_url,
            ),
            items: of_scope.spans.into_iter().map(message::span).collect(),
        })
    }

    /// What the backend is asked to note of a span that has left.
    pub fn annotation(&self, event: &Event) -> Option<Fields> {
        let annotation =
            Annotation::of(self.backend, event).filter(|_| self.signals.annotations)?;
        let mut fields = Fields::default();
        fields.text("path", annotation.path);
        // It is a document of our own.
        let body: serde_json::Value = serde_json::from_str(&annotation.body).ok()?;
        fields.value("body", body);
        Some(fields)
    }

    /// Events of a process, which are handed over with a span that has these ids, or alone.
    pub fn events(
        &self,
        process: &Arc<ProcessInfo>,
        events: &[Event],
        own: Option<SpanIds>,
    ) -> Option<Part> {
        let items = events.iter().map(|event| EventItem {
            process: Arc::clone(process),
            event: event.clone(),
            of: EventIds::of(event, own),
        });
        let records = EventItem::records(items);
        let records: Vec<_> = records.iter().map(|it| (it, &self.scope)).collect();
        let batch = LogBatch::new(&records);
        let grouped = group_logs_by_resource_and_scope(&batch, &self.resource(process));
        let group = grouped.into_iter().next().filter(|_| self.signals.logs)?;
        let of_scope = group.scope_logs.into_iter().next()?;
        let records = of_scope.log_records.into_iter();
        Some(Part {
            origin: message::origin(
                group.resource,
                group.schema_url,
                of_scope.scope,
                of_scope.schema_url,
            ),
            items: records.map(message::log_record).collect(),
        })
    }

    /// Counts the measurements of a record. Returns what had to go before there was room for them.
    pub fn measure(&mut self, record: &Record) -> Vec<Part> {
        let (process, measured) = (&record.process, &record.measurements);
        let now = Instant::now();
        if self.meters.record(process, measured, now).is_ok() {
            return Vec::new();
        }
        let before = self.metrics();
        // There is room now: all that was kept has gone.
        let _ = self.meters.record(process, measured, now);
        before
    }

    /// All that was measured, as it would be sent now.
    pub fn metrics(&mut self) -> Vec<Part> {
        let collected = self.meters.collect(Instant::now());
        if self.signals.metrics {
            collected.iter().filter_map(of_metrics).collect()
        } else {
            Vec::new()
        }
    }

    fn resource(&self, process: &ProcessInfo) -> ResourceAttributesWithSchema {
        (&self.resources.of(process)).into()
    }
}

fn of_metrics(metrics: &ResourceMetrics) -> Option<Part> {
    let request = ExportMetricsServiceRequest::from(metrics);
    let group = request.resource_metrics.into_iter().next()?;
    let of_scope = group.scope_metrics.into_iter().next()?;
    Some(Part {
        origin: message::origin(
            group.resource,
            group.schema_url,
            of_scope.scope,
            of_scope.schema_url,
        ),
        items: of_scope.metrics.into_iter().map(message::metric).collect(),
    })
}
