//! The OTLP output as a whole: a queue and a task for each signal.

use std::{sync::Arc, time::Duration};

use prometheus_client::metrics::counter::Counter;
use tracer_core::{
    segment::ProcessKey,
    semconv::{
        Event,
        backends::{Annotation, Backend},
        drop_content,
    },
};

use super::{
    annotations::{self, AnnotationItem},
    batches::{BatchWorker, Batched},
    error::StartError,
    logs::{EventIds, EventItem},
    meters::Meters,
    metrics::{MetricItem, MetricSink, MetricWorker},
    outage::Outage,
    resource::ResourceBase,
    settings::{OtlpSettings, SignalSettings},
    span,
    traces::SpanItem,
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
    host::process::ProcessInfo,
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
    logs: Option<Sender<EventItem>>,
    annotations: Option<Sender<AnnotationItem>>,
    metrics: Option<Sender<MetricItem>>,
    backend: Backend,
    /// Spans that went on without content.
    content_dropped: Counter,
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
    let batches = Batches {
        settings,
        resources: &resources,
        telemetry,
    };
    let (traces, spans) = batches
        .start(
            ("traces", "spans"),
            settings.traces.as_ref(),
            Transport::of_spans,
        )?
        .unzip();
    let (logs, events) = batches
        .start(
            ("logs", "events"),
            settings.logs.as_ref(),
            Transport::of_events,
        )?
        .unzip();
    let start_metrics = |signal| start_metrics(settings, signal, &resources, telemetry);
    let (metrics, histograms) = settings
        .metrics
        .as_ref()
        .map(start_metrics)
        .transpose()?
        .unzip();
    let (annotations, found) = settings
        .traces
        .as_ref()
        .map(|signal| annotations::start(settings, signal, telemetry))
        .transpose()?
        .flatten()
        .unzip();
    let deliveries = [spans, events, found, histograms]
        .into_iter()
        .flatten()
        .collect();
    let sender = OtlpSender {
        traces,
        logs,
        annotations,
        metrics,
        backend: settings.backend,
        content_dropped: telemetry.export.signal("otlp", "traces").content_dropped,
    };
    Ok((sender, deliveries))
}

/// Starts signals whose items travel in batches.
struct Batches<'a> {
    settings: &'a OtlpSettings,
    resources: &'a ResourceBase,
    telemetry: &'a Telemetry,
}

/// How the way of a signal to its collector is made.
type MakeTransport<E> =
    fn(&SignalSettings, Option<Duration>, Outage) -> Result<Transport<E>, StartError>;

impl Batches<'_> {
    fn start<T: Batched>(
        &self,
        (name, what): (&'static str, &str),
        signal: Option<&SignalSettings>,
        transport: MakeTransport<T::Exporter>,
    ) -> Result<Option<(Sender<T>, Delivery)>, StartError> {
        let Some(signal) = signal else {
            return Ok(None);
        };
        let (settings, telemetry) = (self.settings, self.telemetry);
        let metrics = telemetry.export.signal("otlp", name);
        let outage = outage(name, signal, &metrics);
        let timeout = shorter(signal.timeout, settings.batch.export_timeout);
        let transport = transport(signal, timeout, outage)?;
        let gauges = telemetry.export.queue("otlp", name);
        let items = settings.batch.max_queue_size.unwrap_or(usize::MAX);
        let bounds = Bounds {
            bytes: settings.queue_bytes,
            items,
        };
        let (sender, queue) = queue::bounded(bounds, gauges.clone(), metrics.dropped.clone());
        let worker = BatchWorker {
            transport,
            queue,
            batch: settings.batch.clone(),
            resources: self.resources.clone(),
            scope: span::scope(),
            metrics: metrics.clone(),
        };
        let work = Work::Task(tokio::spawn(worker.run()));
        let delivery = Delivery::new(what.to_owned(), work, gauges, metrics);
        Ok(Some((sender, delivery)))
    }
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
pub(super) fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().min()
}

pub(super) fn outage(
    signal: &'static str,
    settings: &SignalSettings,
    metrics: &SignalMetrics,
) -> Outage {
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
            && self.logs.as_ref().is_none_or(Sender::has_room)
            && self.annotations.as_ref().is_none_or(Sender::has_room)
            && self.metrics.as_ref().is_none_or(Sender::has_room)
    }

    /// Gives span, events and measurements their ways; what there is no room for is counted as dropped.
    pub fn offer(&self, record: Record, ids: SpanIds) {
        let Record {
            process,
            mut span,
            events,
            measurements,
            is_sampled,
            ..
        } = record;
        if let Some(metrics) = &self.metrics {
            let bytes = size::of_measurements(&measurements);
            // What is dropped is counted by the queue.
            let _ = metrics.offer(MetricItem::Measured(process.clone(), measurements), bytes);
        }
        if !is_sampled {
            return;
        }
        for event in events {
            self.offer_event(process.clone(), event, Some(ids));
        }
        if let Some(traces) = &self.traces {
            // Attributes were collected with room to spare; in an outage, thousands of spans wait.
            span.attributes.shrink_to_fit();
            let mut bytes = size::of_span(&span);
            if !traces.fits(bytes) && drop_content(&mut span.attributes) {
                self.content_dropped.inc();
                bytes = size::of_span(&span);
            }
            let item = SpanItem {
                process,
                span,
                ids,
                backend: self.backend,
            };
            let _ = traces.offer(item, bytes);
        }
    }

    /// Gives an event its way; `own` are the ids of the span that it is handed over with.
    pub fn offer_event(&self, process: Arc<ProcessInfo>, event: Event, own: Option<SpanIds>) {
        if let Some(annotations) = self.annotations.as_ref().filter(|_| own.is_none())
            && let Some(annotation) = Annotation::of(self.backend, &event)
        {
            let bytes = annotation.path.len() + annotation.body.len();
            let _ = annotations.offer(AnnotationItem::new(annotation), bytes);
        }
        if let Some(logs) = &self.logs {
            let bytes = size::of_event(&event);
            let of = EventIds::of(&event, own);
            let _ = logs.offer(EventItem { process, event, of }, bytes);
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
