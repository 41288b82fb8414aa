//! The OTLP output as a whole: two queues, two tasks.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tracer_core::segment::ProcessKey;

use super::{
    error::StartError,
    meters::Meters,
    metrics::{MetricItem, MetricSink, MetricWorker},
    outage::Outage,
    resource::ResourceBase,
    settings::{OtlpSettings, SignalSettings},
    span,
    traces::{SpanItem, TraceWorker},
    transport::Transport,
};
use crate::{
    export::{
        ids::SpanIds,
        queue::{self, Bounds, Sender},
        record::Record,
        size,
    },
    telemetry::{
        Telemetry,
        export::{QueueMetrics, SignalMetrics},
    },
};

/// Bounds of the measurements that wait to be aggregated, which takes no network and little time.
const MEASUREMENT_BOUNDS: Bounds = Bounds {
    bytes: 4 * 1024 * 1024,
    items: 16 * 1024,
};

/// The capture thread's end of the OTLP output.
#[derive(Debug, Clone)]
pub struct OtlpSender {
    traces: Option<Sender<SpanItem>>,
    metrics: Option<Sender<MetricItem>>,
}

/// The OTLP output at work.
#[derive(Debug, Default)]
pub struct OtlpOutput {
    traces: Option<Running>,
    metrics: Option<Running>,
}

#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    queue: QueueMetrics,
    failed: Counter,
}

/// Starts the tasks. Must be called inside a tokio runtime, which then runs them.
///
/// # Errors
///
/// When an endpoint, a header or a key file is not usable.
pub fn start(
    settings: &OtlpSettings,
    telemetry: &Telemetry,
) -> Result<(OtlpSender, OtlpOutput), StartError> {
    let resources = ResourceBase::new(&settings.resource_attributes);
    let start_traces = |signal| start_traces(settings, signal, &resources, telemetry);
    let (traces, trace_task) = settings
        .traces
        .as_ref()
        .map(start_traces)
        .transpose()?
        .unzip();
    let start_metrics = |signal| start_metrics(settings, signal, &resources, telemetry);
    let (metrics, metric_task) = settings
        .metrics
        .as_ref()
        .map(start_metrics)
        .transpose()?
        .unzip();
    Ok((
        OtlpSender { traces, metrics },
        OtlpOutput {
            traces: trace_task,
            metrics: metric_task,
        },
    ))
}

fn start_traces(
    settings: &OtlpSettings,
    signal: &SignalSettings,
    resources: &ResourceBase,
    telemetry: &Telemetry,
) -> Result<(Sender<SpanItem>, Running), StartError> {
    let metrics = telemetry.export.signal("otlp", "traces");
    let outage = outage("traces", signal, &metrics);
    let timeout = signal.timeout.min(settings.batch.export_timeout);
    let exporter =
        Transport::new("traces", signal, timeout, Arc::clone(&outage))?.span_exporter()?;
    let gauges = telemetry.export.queue("otlp", "traces");
    let items = settings.batch.max_queue_size.unwrap_or(usize::MAX);
    let bounds = Bounds {
        bytes: settings.queue_bytes,
        items,
    };
    let (sender, queue) = queue::bounded(bounds, gauges.clone(), metrics.dropped.clone());
    let worker = TraceWorker {
        exporter,
        queue,
        batch: settings.batch.clone(),
        resources: resources.clone(),
        scope: span::scope(),
        metrics: metrics.clone(),
        outage,
    };
    let running = Running {
        task: tokio::spawn(worker.run()),
        queue: gauges,
        failed: metrics.failed,
    };
    Ok((sender, running))
}

fn start_metrics(
    settings: &OtlpSettings,
    signal: &SignalSettings,
    resources: &ResourceBase,
    telemetry: &Telemetry,
) -> Result<(Sender<MetricItem>, Running), StartError> {
    let metrics = telemetry.export.signal("otlp", "metrics");
    let outage = outage("metrics", signal, &metrics);
    let timeout = signal.timeout.min(settings.metric_timeout);
    let transport = Transport::new("metrics", signal, timeout, Arc::clone(&outage))?;
    let exporter = transport.metric_exporter(settings.temporality)?;
    let gauges = telemetry.export.queue("otlp", "metrics");
    let (sender, queue) =
        queue::bounded(MEASUREMENT_BOUNDS, gauges.clone(), metrics.dropped.clone());
    let worker = MetricWorker {
        sink: Arc::new(MetricSink {
            exporter,
            metrics: metrics.clone(),
            outage,
        }),
        queue,
        meters: Meters::new(settings.temporality, resources.clone()),
        interval: settings.metric_interval,
        processes: telemetry.export.processes.clone(),
    };
    let running = Running {
        task: tokio::spawn(worker.run()),
        queue: gauges,
        failed: metrics.failed,
    };
    Ok((sender, running))
}

fn outage(signal: &'static str, settings: &SignalSettings, metrics: &SignalMetrics) -> Arc<Outage> {
    Arc::new(Outage::new(
        signal,
        settings.endpoint.to_string(),
        metrics.attempts.clone(),
    ))
}

impl OtlpSender {
    /// Whether there is room for many more records.
    pub fn has_room(&self) -> bool {
        self.traces.as_ref().is_none_or(Sender::has_room)
            && self.metrics.as_ref().is_none_or(Sender::has_room)
    }

    /// Gives span and measurements their ways; what there is no room for is counted as dropped.
    pub fn offer(&self, record: Record, ids: SpanIds) {
        let Record {
            process,
            mut span,
            measurements,
            ..
        } = record;
        if let Some(metrics) = &self.metrics {
            let bytes = size::of_measurements(&measurements);
            // What is dropped is counted by the queue.
            let _ = metrics.offer(MetricItem::Measured(process.clone(), measurements), bytes);
        }
        if let Some(traces) = &self.traces {
            // Attributes were collected with room to spare; in an outage, thousands of spans wait.
            span.attributes.shrink_to_fit();
            let bytes = size::of_span(&span);
            let _ = traces.offer(SpanItem { process, span, ids }, bytes);
        }
    }

    /// The process is gone and will make no more calls.
    pub fn process_ended(&self, process: ProcessKey) {
        if let Some(metrics) = &self.metrics {
            // If there is no room, its histograms are dropped for their silence later.
            let _ = metrics.offer(MetricItem::Ended(process), size_of::<MetricItem>());
        }
    }
}

impl OtlpOutput {
    /// Waits until all is delivered, at most until `deadline`; then names what was not, and
    /// counts it as failed.
    pub(crate) async fn finish(self, deadline: Instant) -> Vec<String> {
        let mut left = Vec::new();
        if let Some(traces) = self.traces
            && let Some(count) = traces.finish(deadline).await
        {
            left.push(format!("{count} spans"));
        }
        if let Some(metrics) = self.metrics
            && metrics.finish(deadline).await.is_some()
        {
            left.push("metrics".to_owned());
        }
        left
    }
}

impl Running {
    /// How many items were left at the deadline; `None` if the task ended before it.
    async fn finish(mut self, deadline: Instant) -> Option<u64> {
        if timeout_at(deadline, &mut self.task).await.is_ok() {
            return None;
        }
        let left = u64::try_from(self.queue.items.get()).unwrap_or(0);
        self.failed.inc_by(left.max(1));
        self.task.abort();
        Some(left)
    }
}
