//! The OTLP output as a whole: two queues, two tasks.

use std::{sync::Arc, time::Duration};

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
        delivery::{Delivery, Work},
        ids::SpanIds,
        queue::{self, Bounds, Sender},
        record::Record,
        size,
    },
    telemetry::{Telemetry, export::SignalMetrics},
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

/// Starts the tasks. Must be called inside a tokio runtime, which then runs them.
///
/// # Errors
///
/// When an endpoint, a header or a key file is not usable.
pub fn start(
    settings: &OtlpSettings,
    telemetry: &Telemetry,
) -> Result<(OtlpSender, Vec<Delivery>), StartError> {
    let resources = ResourceBase::new(&settings.resource_attributes, settings.backend);
    let start_traces = |signal| start_traces(settings, signal, &resources, telemetry);
    let (traces, spans) = settings
        .traces
        .as_ref()
        .map(start_traces)
        .transpose()?
        .unzip();
    let start_metrics = |signal| start_metrics(settings, signal, &resources, telemetry);
    let (metrics, histograms) = settings
        .metrics
        .as_ref()
        .map(start_metrics)
        .transpose()?
        .unzip();
    let deliveries = [spans, histograms].into_iter().flatten().collect();
    Ok((OtlpSender { traces, metrics }, deliveries))
}

fn start_traces(
    settings: &OtlpSettings,
    signal: &SignalSettings,
    resources: &ResourceBase,
    telemetry: &Telemetry,
) -> Result<(Sender<SpanItem>, Delivery), StartError> {
    let metrics = telemetry.export.signal("otlp", "traces");
    let outage = outage("traces", signal, &metrics);
    let timeout = shorter(signal.timeout, settings.batch.export_timeout);
    let transport = Transport::of_spans(signal, timeout, outage)?;
    let gauges = telemetry.export.queue("otlp", "traces");
    let items = settings.batch.max_queue_size.unwrap_or(usize::MAX);
    let bounds = Bounds {
        bytes: settings.queue_bytes,
        items,
    };
    let (sender, queue) = queue::bounded(bounds, gauges.clone(), metrics.dropped.clone());
    let worker = TraceWorker {
        transport,
        queue,
        batch: settings.batch.clone(),
        resources: resources.clone(),
        backend: settings.backend,
        scope: span::scope(),
        metrics: metrics.clone(),
    };
    let work = Work::Task(tokio::spawn(worker.run()));
    Ok((
        sender,
        Delivery::new("spans".to_owned(), work, gauges, metrics),
    ))
}

fn start_metrics(
    settings: &OtlpSettings,
    signal: &SignalSettings,
    resources: &ResourceBase,
    telemetry: &Telemetry,
) -> Result<(Sender<MetricItem>, Delivery), StartError> {
    let metrics = telemetry.export.signal("otlp", "metrics");
    let outage = outage("metrics", signal, &metrics);
    let timeout = shorter(signal.timeout, settings.metric_timeout);
    let transport = Transport::of_metrics(signal, timeout, outage, settings.temporality)?;
    let gauges = telemetry.export.queue("otlp", "metrics");
    let (sender, queue) =
        queue::bounded(MEASUREMENT_BOUNDS, gauges.clone(), metrics.dropped.clone());
    let worker = MetricWorker {
        sink: Arc::new(MetricSink {
            transport,
            metrics: metrics.clone(),
        }),
        queue,
        meters: Meters::new(settings.temporality, resources.clone()),
        interval: settings.metric_interval,
        processes: telemetry.export.processes.clone(),
    };
    let work = Work::Task(tokio::spawn(worker.run()));
    Ok((
        sender,
        Delivery::new("metrics".to_owned(), work, gauges, metrics),
    ))
}

/// The limit that holds of two; no limit is longer than any.
fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().min()
}

fn outage(signal: &'static str, settings: &SignalSettings, metrics: &SignalMetrics) -> Outage {
    Outage::new(
        signal,
        settings.endpoint.to_string(),
        metrics.attempts.clone(),
    )
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
