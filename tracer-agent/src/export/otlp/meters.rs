//! Histograms, one set per observed process.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream,
        Temporality as SdkTemporality, data::ResourceMetrics, reader::MetricReader,
    },
};
use tokio::time::Instant;
use tracer_core::{
    segment::ProcessKey,
    semconv::{Measurement, Metric},
};

use super::{
    resource::ResourceBase,
    settings::Temporality,
    span::{key_values, scope},
};
use crate::host::process::ProcessInfo;

/// Most processes whose histograms are kept. Beyond it, the one that was silent longest is
/// flushed and dropped; if it calls again, it starts anew with a new start time, which OTLP
/// readers take for a reset.
const MAX_PROCESSES: usize = 128;
/// A process that was silent for this long is flushed and dropped likewise.
const SILENT_AFTER: Duration = Duration::from_secs(5 * 60);
/// Most sets of attributes of one histogram of one process; the rest go to the SDK's overflow
/// set. Models and hosts are named by the processes.
const MAX_SERIES: usize = 128;

/// The histograms of all processes.
#[derive(Debug)]
pub(super) struct Meters {
    temporality: Temporality,
    resources: ResourceBase,
    by_process: HashMap<ProcessKey, ProcessMeter>,
    /// Last figures of processes that were dropped since the last [`Meters::collect`].
    last_words: Vec<ResourceMetrics>,
}

/// No room for another process until the next export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Meters {
    pub(super) fn new(temporality: Temporality, resources: ResourceBase) -> Self {
        Self {
            temporality,
            resources,
            by_process: HashMap::new(),
            last_words: Vec::new(),
        }
    }

    /// How many processes have histograms.
    pub(super) fn len(&self) -> usize {
        self.by_process.len()
    }

    /// Records measurements of a process.
    pub(super) fn record(
        &mut self,
        process: &ProcessInfo,
        measurements: &[Measurement],
        now: Instant,
    ) -> Result<(), NoRoom> {
        match self.by_process.get(&process.key) {
            // More is known of it now: what was measured before stands under its old resource.
            Some(meter) if meter.revision != process.revision => self.retire(process.key)?,
            None if self.by_process.len() >= MAX_PROCESSES => self.make_room()?,
            _ => {}
        }
        let meter = self
            .by_process
            .entry(process.key)
            .or_insert_with(|| ProcessMeter::new(process, &self.resources, self.temporality, now));
        meter.last_used = now;
        for measurement in measurements {
            meter.record(measurement);
        }
        Ok(())
    }

    /// The process is gone: its figures are exported once more, then dropped.
    pub(super) fn end(&mut self, process: ProcessKey) {
        if let Some(meter) = self.by_process.get_mut(&process) {
            meter.ended = true;
        }
    }

    /// What is to be exported now; forgets processes that were silent for long.
    pub(super) fn collect(&mut self, now: Instant) -> Vec<ResourceMetrics> {
        let mut all = std::mem::take(&mut self.last_words);
        all.extend(self.by_process.values().filter_map(ProcessMeter::collect));
        self.by_process.retain(|_, meter| !meter.is_over(now));
        all
    }

    fn make_room(&mut self) -> Result<(), NoRoom> {
        let meters = self.by_process.iter();
        let silent = meters.min_by_key(|(_, meter)| (!meter.ended, meter.last_used));
        let key = silent.map(|(&key, _)| key).ok_or(NoRoom)?;
        self.retire(key)
    }

    /// Keeps the last figures of a process for the next export, and nothing else of it.
    fn retire(&mut self, process: ProcessKey) -> Result<(), NoRoom> {
        if self.last_words.len() >= MAX_PROCESSES {
            return Err(NoRoom);
        }
        let meter = self.by_process.remove(&process).ok_or(NoRoom)?;
        self.last_words.extend(meter.collect());
        Ok(())
    }
}

#[derive(Debug)]
struct ProcessMeter {
    reader: SharedReader,
    histograms: [Histogram<f64>; Metric::ALL.len()],
    /// Of the process's resource.
    revision: u32,
    last_used: Instant,
    ended: bool,
    // The reader holds the provider's pipeline weakly.
    #[expect(dead_code, reason = "keeps the pipeline alive")]
    provider: SdkMeterProvider,
}

impl ProcessMeter {
    fn new(
        process: &ProcessInfo,
        resources: &ResourceBase,
        temporality: Temporality,
        now: Instant,
    ) -> Self {
        let reader = ManualReader::builder()
            .with_temporality(temporality.into())
            .build();
        let reader = SharedReader(Arc::new(reader));
        let provider = SdkMeterProvider::builder()
            .with_resource(resources.of(process))
            .with_reader(reader.clone())
            .with_view(|_: &Instrument| {
                Stream::builder()
                    .with_cardinality_limit(MAX_SERIES)
                    .build()
                    .ok()
            })
            .build();
        let meter = provider.meter_with_scope(scope());
        let histograms = Metric::ALL.map(|metric| {
            meter
                .f64_histogram(metric.name())
                .with_unit(metric.unit())
                .with_description(metric.description())
                .with_boundaries(metric.buckets().to_vec())
                .build()
        });
        Self {
            reader,
            histograms,
            revision: process.revision,
            last_used: now,
            ended: false,
            provider,
        }
    }

    fn record(&self, measurement: &Measurement) {
        let found = Metric::ALL
            .iter()
            .position(|&metric| metric == measurement.metric);
        let Some(histogram) = found.and_then(|index| self.histograms.get(index)) else {
            return;
        };
        let attributes = key_values(&measurement.attributes);
        match measurement.values.as_slice() {
            [] => {}
            [value] => histogram.record(*value, &attributes),
            // The set of attributes is looked up once for all values.
            values => {
                let histogram = histogram.bind(&attributes);
                values.iter().for_each(|&value| histogram.record(value));
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.ended || now.duration_since(self.last_used) >= SILENT_AFTER
    }

    /// The figures, unless there are none.
    fn collect(&self) -> Option<ResourceMetrics> {
        let mut metrics = ResourceMetrics::default();
        self.reader.collect(&mut metrics).ok()?;
        let any = metrics
            .scope_metrics()
            .any(|scope| scope.metrics().next().is_some());
        any.then_some(metrics)
    }
}

/// A reader that the provider takes over and we still hold.
#[derive(Debug, Clone)]
struct SharedReader(Arc<ManualReader>);

impl MetricReader for SharedReader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> SdkTemporality {
        self.0.temporality(kind)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;
    use tracer_core::semconv::{Value, backends::Backend};

    use super::*;
    use crate::export::samples;

    fn meters() -> Meters {
        Meters::new(
            Temporality::Cumulative,
            ResourceBase::new(&[], Backend::Generic),
        )
    }

    fn record(meters: &mut Meters, process: u64, now: Instant) -> Result<(), NoRoom> {
        let record = samples::record(process, samples::chat());
        meters.record(&record.process, &record.measurements, now)
    }

    #[test]
    fn a_process_that_is_gone_or_silent_is_exported_once_more() {
        let mut meters = meters();
        let start = Instant::now();
        for process in [1, 2, 3] {
            record(&mut meters, process, start).unwrap();
        }
        meters.end(ProcessKey(1));
        assert_eq!((meters.collect(start).len(), meters.len()), (3, 2));
        let later = start + SILENT_AFTER;
        record(&mut meters, 2, later).unwrap();
        assert_eq!((meters.collect(later).len(), meters.len()), (2, 1));
        assert_eq!((meters.collect(later).len(), meters.len()), (1, 1));
    }

    #[test]
    fn processes_are_bounded_and_their_last_words_kept() {
        let mut meters = meters();
        let start = Instant::now();
        let many = MAX_PROCESSES as u64;
        for process in 0..2 * many {
            record(&mut meters, process, start + Duration::from_millis(process)).unwrap();
        }
        assert_eq!(meters.len(), MAX_PROCESSES);
        assert_eq!(record(&mut meters, 2 * many, start), Err(NoRoom));
        assert_eq!(meters.collect(start).len(), 2 * MAX_PROCESSES);
        record(&mut meters, 2 * many, start).unwrap();
    }

    #[test]
    fn a_process_of_which_more_became_known_goes_on_under_its_new_resource() {
        let mut meters = meters();
        let now = Instant::now();
        let record = samples::record(1, samples::chat());
        let mut process = (*record.process).clone();
        for (revision, service) in [(0, "old"), (0, "old"), (1, "new"), (1, "new")] {
            process.revision = revision;
            process.resource = vec![("service.name".into(), Value::Str(service.into()))];
            meters.record(&process, &record.measurements, now).unwrap();
        }
        let collected = meters.collect(now);
        let services = collected.iter().map(|metrics| {
            let name = metrics
                .resource()
                .get(&Key::from_static_str("service.name"));
            name.map(|name| name.to_string())
        });
        let mut services: Vec<_> = services.flatten().collect();
        services.sort();
        assert_eq!(services, ["new", "old"]);
        assert_eq!(meters.len(), 1);
    }

    #[test]
    fn series_are_bounded() {
        let mut meters = meters();
        for number in 0..2 * MAX_SERIES {
            let mut facts = samples::chat();
            facts.request.model = Some(format!("model-{number}"));
            let record = samples::record(1, facts);
            meters
                .record(&record.process, &record.measurements, Instant::now())
                .unwrap();
        }
        let text = format!("{:?}", meters.collect(Instant::now()));
        assert!(text.contains("otel.metric.overflow"));
        assert!(!text.contains(&format!("model-{}\"", 2 * MAX_SERIES - 1)));
    }
}
