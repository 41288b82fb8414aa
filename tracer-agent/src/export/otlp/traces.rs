//! Spans on their way.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tracer_core::semconv::{Span, backends::Backend};

use super::{
    batches::Batched,
    encoded,
    span::{key_values, span_data},
    transport::{Refused, Transport},
};
use crate::{
    export::{ids::SpanIds, queue::Held},
    host::process::ProcessInfo,
};

/// One span on its way.
#[derive(Debug)]
pub(super) struct SpanItem {
    pub(super) process: Arc<ProcessInfo>,
    pub(super) span: Span,
    pub(super) ids: SpanIds,
    /// Who reads it.
    pub(super) backend: Backend,
}

impl SpanItem {
    /// As the SDK has it, with what its reader wants beside.
    pub(super) fn data(&self, scope: &InstrumentationScope) -> SpanData {
        let mut data = span_data(&self.span, self.ids, scope);
        let additions = self.backend.additions(&self.span);
        data.attributes.extend(key_values(&additions));
        data
    }
}

impl Batched for SpanItem {
    type Exporter = SpanExporter;

    fn process(&self) -> &Arc<ProcessInfo> {
        &self.process
    }

    fn encoded_bytes(&self) -> usize {
        encoded::span(&self.span)
    }

    fn set_resource(transport: &mut Transport<SpanExporter>, resource: &Resource) {
        transport.exporter().set_resource(resource);
    }

    async fn export(
        group: &[Held<Self>],
        transport: &Transport<SpanExporter>,
        scope: &InstrumentationScope,
    ) -> Result<u64, Refused> {
        let all = || group.iter().map(|held| held.item.data(scope)).collect();
        transport.deliver(|exporter| exporter.export(all())).await
    }
}
