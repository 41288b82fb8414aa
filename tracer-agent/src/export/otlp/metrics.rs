//! Measurements: aggregated as they come, exported at intervals.

use std::{panic::resume_unwind, sync::Arc, time::Duration};

use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::metrics::{data::ResourceMetrics, exporter::PushMetricExporter as _};
use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};
use tracer_core::{segment::ProcessKey, semconv::Measurement};

use super::{meters::Meters, transport::Transport};
use crate::{
    export::queue::Receiver, host::process::ProcessInfo, telemetry::export::SignalMetrics,
};

/// After a look into the queue, measurements are left to gather this long: it bounds how often
/// the capture thread wakes this task.
const REST: Duration = Duration::from_millis(200);

/// What happened to a process, in order.
#[derive(Debug)]
pub(super) enum MetricItem {
    /// It made a call.
    Measured(Arc<ProcessInfo>, Vec<Measurement>),
    /// It is gone.
    Ended(ProcessKey),
}

/// Aggregates and exports until the queue has ended.
pub(super) struct MetricWorker {
    pub(super) sink: Arc<MetricSink>,
    pub(super) queue: Receiver<MetricItem>,
    pub(super) meters: Meters,
    pub(super) interval: Duration,
    pub(super) processes: Gauge,
}

/// Where collected figures go.
pub(super) struct MetricSink {
    pub(super) transport: Transport<MetricExporter>,
    pub(super) metrics: SignalMetrics,
}

impl MetricWorker {
    pub(super) async fn run(mut self) {
        let mut ticks = interval_at(Instant::now() + self.interval, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Aborted with this task if that is.
        let mut sending = JoinSet::new();
        loop {
            tokio::select! {
                item = self.queue.recv() => {
                    let Some(first) = item else { break };
                    self.take(&first.item);
                    while let Some(next) = self.queue.try_recv() {
                        self.take(&next.item);
                    }
                    if !self.queue.is_closed() {
                        sleep(REST).await;
                    }
                }
                _ = ticks.tick() => {
                    while let Some(ended) = sending.try_join_next() {
                        pass_panic_on(ended);
                    }
                    // While an export is stuck nothing is collected, so nothing is lost: the
                    // histograms go on counting.
                    if sending.is_empty() {
                        sending.spawn(Arc::clone(&self.sink).send(self.collect()));
                    }
                }
            }
        }
        while let Some(ended) = sending.join_next().await {
            pass_panic_on(ended);
        }
        let last = self.collect();
        self.sink.send(last).await;
    }

    fn take(&mut self, item: &MetricItem) {
        match item {
            MetricItem::Measured(process, measurements) => {
                if self
                    .meters
                    .record(process, measurements, Instant::now())
                    .is_err()
                {
                    self.sink.metrics.dropped.inc();
                }
            }
            MetricItem::Ended(process) => self.meters.end(*process),
        }
    }

    fn collect(&mut self) -> Vec<ResourceMetrics> {
        let collected = self.meters.collect(Instant::now());
        self.processes
            .set(i64::try_from(self.meters.len()).unwrap_or(i64::MAX));
        collected
    }
}

/// A panic while sending is one of this task, whose end is looked at.
fn pass_panic_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        resume_unwind(panic);
    }
}

impl MetricSink {
    /// Sends the figures of one process after the other.
    async fn send(self: Arc<Self>, collected: Vec<ResourceMetrics>) {
        for metrics in &collected {
            let delivered = self.transport.deliver(|exporter| exporter.export(metrics));
            // Counted by exports: one of which some points were rejected is not delivered.
            match delivered.await {
                Ok(0) => self.metrics.sent.inc(),
                _ => self.metrics.failed.inc(),
            };
        }
    }
}
