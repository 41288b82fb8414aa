//! Events on their way: log records with a name, each of one span.

use std::{borrow::Borrow, sync::Arc};

use opentelemetry::{
    InstrumentationScope,
    logs::LoggerProvider as _,
    trace::{SpanId, TraceFlags, TraceId},
};
use opentelemetry_otlp::LogExporter;
use opentelemetry_sdk::{
    Resource,
    logs::{LogBatch, LogExporter as _, SdkLogRecord, SdkLogger, SdkLoggerProvider},
};
use tracer_core::semconv::{Event, EventSpan};

use super::{
    batches::Batched,
    encoded,
    event::log_record,
    transport::{Refused, Transport},
};
use crate::{
    export::{ids::SpanIds, queue::Held},
    host::process::ProcessInfo,
};

/// One event on its way.
#[derive(Debug)]
pub(super) struct EventItem {
    pub(super) process: Arc<ProcessInfo>,
    pub(super) event: Event,
    pub(super) of: Option<EventIds>,
}

/// The span of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventIds {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) flags: TraceFlags,
}

impl EventIds {
    /// Those of an event that is handed over with a span that has these ids, if with any.
    pub(super) fn of(event: &Event, own: Option<SpanIds>) -> Option<Self> {
        match event.span {
            EventSpan::Own => own.map(|ids| Self {
                trace_id: ids.trace_id,
                span_id: ids.span_id,
                flags: ids.flags,
            }),
            EventSpan::Known(trace, span) => Some(Self {
                trace_id: TraceId::from_bytes(trace.0.to_be_bytes()),
                span_id: SpanId::from_bytes(span.0.to_be_bytes()),
                flags: TraceFlags::SAMPLED,
            }),
            EventSpan::Unknown => None,
        }
    }
}

impl EventItem {
    /// As the SDK has them.
    pub(super) fn records(items: impl IntoIterator<Item: Borrow<Self>>) -> Vec<SdkLogRecord> {
        let blank = blank();
        let items = items.into_iter();
        let record = |item: &Self| log_record(&item.event, item.of, &blank);
        items.map(|item| record(item.borrow())).collect()
    }
}

/// What makes empty records; it is nowhere connected.
fn blank() -> SdkLogger {
    SdkLoggerProvider::builder().build().logger("")
}

impl Batched for EventItem {
    type Exporter = LogExporter;

    fn process(&self) -> &Arc<ProcessInfo> {
        &self.process
    }

    fn encoded_bytes(&self) -> usize {
        encoded::event(&self.event)
    }

    fn set_resource(transport: &mut Transport<LogExporter>, resource: &Resource) {
        transport.exporter().set_resource(resource);
    }

    async fn export(
        group: &[Held<Self>],
        transport: &Transport<LogExporter>,
        scope: &InstrumentationScope,
    ) -> Result<u64, Refused> {
        let records = Self::records(group.iter().map(|held| &held.item));
        let records: Vec<_> = records.iter().map(|record| (record, scope)).collect();
        transport
            .deliver(|exporter| exporter.export(LogBatch::new(&records)))
            .await
    }
}
