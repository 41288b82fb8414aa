//! Spans: gathered into batches, grouped by process, sent.

use std::{sync::Arc, time::Duration};

use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::time::{Instant, sleep};
use tracer_core::semconv::Span;

use super::{
    outage::Outage, resource::ResourceBase, settings::BatchSettings, span::span_data,
    transport::deliver,
};
use crate::{
    export::{
        ids::SpanIds,
        queue::{Held, Receiver},
    },
    host::process::ProcessInfo,
    telemetry::export::SignalMetrics,
};

/// How often the queue is looked at while a batch gathers. The capture thread wakes this task
/// only for the first span of a batch, not for each.
const LOOK: Duration = Duration::from_millis(200);

/// One span on its way.
#[derive(Debug)]
pub(super) struct SpanItem {
    pub(super) process: Arc<ProcessInfo>,
    pub(super) span: Span,
    pub(super) ids: SpanIds,
}

/// Sends spans until the queue has ended.
pub(super) struct TraceWorker {
    pub(super) exporter: SpanExporter,
    pub(super) queue: Receiver<SpanItem>,
    pub(super) batch: BatchSettings,
    pub(super) resources: ResourceBase,
    pub(super) scope: InstrumentationScope,
    pub(super) metrics: SignalMetrics,
    pub(super) outage: Arc<Outage>,
}

impl TraceWorker {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut batch = self.gather(first).await;
            // Stable: the spans of a process stay in order.
            batch.sort_by_key(|held| held.item.process.key);
            while let Some(first) = batch.first() {
                let key = first.item.process.key;
                let end = batch.partition_point(|held| held.item.process.key == key);
                self.export(batch.drain(..end).collect()).await;
            }
        }
    }

    /// Up to a batch of spans, or those of [`BatchSettings::schedule_delay`].
    async fn gather(&mut self, first: Held<SpanItem>) -> Vec<Held<SpanItem>> {
        let mut batch = vec![first];
        let deadline = Instant::now() + self.batch.schedule_delay;
        loop {
            while batch.len() < self.batch.max_export_batch_size {
                match self.queue.try_recv() {
                    Some(next) => batch.push(next),
                    None => break,
                }
            }
            let full = batch.len() >= self.batch.max_export_batch_size;
            let left = deadline.saturating_duration_since(Instant::now());
            if full || left.is_zero() || self.queue.is_closed() {
                return batch;
            }
            sleep(left.min(LOOK)).await;
        }
    }

    /// Sends spans of one process.
    async fn export(&mut self, group: Vec<Held<SpanItem>>) {
        let Some(first) = group.first() else { return };
        self.exporter.set_resource(&self.resources.of(&first.item.process));
        let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
        let taken = deliver(&self.outage, || self.exporter.export(self.span_data(&group))).await;
        match taken {
            Ok(()) => self.metrics.sent.inc_by(count),
            Err(_) => self.metrics.failed.inc_by(count),
        };
    }

    fn span_data(&self, group: &[Held<SpanItem>]) -> Vec<SpanData> {
        let convert = |held: &Held<SpanItem>| span_data(&held.item.span, held.item.ids, &self.scope);
        group.iter().map(convert).collect()
    }
}
