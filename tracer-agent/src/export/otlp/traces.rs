//! Spans: gathered into batches, grouped by process, sent.

use std::{sync::Arc, time::Duration};

use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::time::{Instant, sleep};
use tracer_core::{
    segment::ProcessKey,
    semconv::{Span, backends::Backend},
};

use super::{
    resource::ResourceBase,
    settings::BatchSettings,
    span::{key_values, span_data},
    transport::{Refused, Transport},
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
/// How many batches are taken from the queue together. A request holds the spans of one process,
/// so with many processes and a backlog, larger rounds make fuller requests.
const ROUND: usize = 16;

/// One span on its way.
#[derive(Debug)]
pub(super) struct SpanItem {
    pub(super) process: Arc<ProcessInfo>,
    pub(super) span: Span,
    pub(super) ids: SpanIds,
}

/// Sends spans until the queue has ended.
pub(super) struct TraceWorker {
    pub(super) transport: Transport<SpanExporter>,
    pub(super) queue: Receiver<SpanItem>,
    pub(super) batch: BatchSettings,
    pub(super) resources: ResourceBase,
    pub(super) backend: Backend,
    pub(super) scope: InstrumentationScope,
    pub(super) metrics: SignalMetrics,
}

/// Whose resource a span has.
fn resource_key(held: &Held<SpanItem>) -> (ProcessKey, u32) {
    let process = &held.item.process;
    (process.key, process.revision)
}

impl TraceWorker {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut round = self.gather(first).await;
            // Stable: the spans of a process stay in order.
            round.sort_by_key(resource_key);
            while let Some(first) = round.first() {
                let key = resource_key(first);
                let of_process = round.partition_point(|held| resource_key(held) == key);
                let end = of_process.min(self.batch.max_export_batch_size.max(1));
                self.export(round.drain(..end).collect()).await;
            }
        }
    }

    /// What is there once a batch is full, but no later than [`BatchSettings::schedule_delay`].
    async fn gather(&mut self, first: Held<SpanItem>) -> Vec<Held<SpanItem>> {
        let enough = self.batch.max_export_batch_size;
        let mut round = vec![first];
        let deadline = Instant::now() + self.batch.schedule_delay;
        loop {
            while round.len() < enough.saturating_mul(ROUND)
                && let Some(next) = self.queue.try_recv()
            {
                round.push(next);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if round.len() >= enough || left.is_zero() || self.queue.is_closed() {
                return round;
            }
            sleep(left.min(LOOK)).await;
        }
    }

    /// Sends spans of one process.
    async fn export(&mut self, group: Vec<Held<SpanItem>>) {
        let Some(first) = group.first() else { return };
        let resource = self.resources.of(&first.item.process);
        self.transport.set_resource(&resource);
        let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
        let delivered = self
            .transport
            .deliver(|exporter| exporter.export(self.span_data(&group)));
        let lost = match delivered.await {
            Ok(rejected) => rejected.min(count),
            Err(Refused) => count,
        };
        self.metrics.sent.inc_by(count - lost);
        self.metrics.failed.inc_by(lost);
    }

    fn span_data(&self, group: &[Held<SpanItem>]) -> Vec<SpanData> {
        let convert = |held: &Held<SpanItem>| {
            let SpanItem { span, ids, .. } = &held.item;
            let mut data = span_data(span, *ids, &self.scope);
            data.attributes
                .extend(key_values(&self.backend.additions(span)));
            data
        };
        group.iter().map(convert).collect()
    }
}
