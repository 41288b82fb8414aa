//! One signal's way to its collector: from settings to an exporter, and from an export to its
//! delivery.

use std::time::Duration;

use opentelemetry_otlp::{ExporterBuildError, LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::{error::OTelSdkResult, metrics::Temporality as SdkTemporality};
use tokio::time::{sleep, timeout};
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{
    answer::{Answer, Backoff, Failure, Next},
    error::StartError,
    exporter_log,
    grpc::{self, GrpcWay},
    http::HttpWay,
    outage::Outage,
    seen::Seen,
    settings::{Protocol, SignalSettings, Temporality},
};

/// Exports one signal, again and again if need be.
///
/// The exporters could try again by themselves, but would not say why they have to.
pub(super) struct Transport<E> {
    exporter: E,
    timeout: Option<Duration>,
    outage: Outage,
    seen: Seen,
    listener: Dispatch,
}

/// The collector will never take an export: what it held is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// A way to a collector that no exporter uses yet.
enum Way {
    Grpc(GrpcWay),
    Http(HttpWay),
}

impl Transport<SpanExporter> {
    /// Checks the settings; connects to nothing yet. Each attempt may take `timeout`, `None` for no
    /// limit. Must be called inside a tokio runtime.
    pub(super) fn of_spans(
        settings: &SignalSettings,
        timeout: Option<Duration>,
        outage: Outage,
    ) -> Result<Self, StartError> {
        let builder = SpanExporter::builder();
        Self::new("traces", settings, timeout, outage, |way| match way {
            Way::Grpc(way) => way.configure(builder.with_tonic()).build(),
            Way::Http(way) => way.configure(builder.with_http()).build(),
        })
    }
}

impl Transport<LogExporter> {
    /// As [`Transport::of_spans`].
    pub(super) fn of_events(
        settings: &SignalSettings,
        timeout: Option<Duration>,
        outage: Outage,
    ) -> Result<Self, StartError> {
        let builder = LogExporter::builder();
        Self::new("logs", settings, timeout, outage, |way| match way {
            Way::Grpc(way) => way.configure(builder.with_tonic()).build(),
            Way::Http(way) => way.configure(builder.with_http()).build(),
        })
    }
}

impl Transport<MetricExporter> {
    /// As [`Transport::of_spans`].
    pub(super) fn of_metrics(
        settings: &SignalSettings,
        timeout: Option<Duration>,
        outage: Outage,
        temporality: Temporality,
    ) -> Result<Self, StartError> {
        let builder = MetricExporter::builder().with_temporality(temporality.into());
        Self::new("metrics", settings, timeout, outage, |way| match way {
            Way::Grpc(way) => way.configure(builder.with_tonic()).build(),
            Way::Http(way) => way.configure(builder.with_http()).build(),
        })
    }
}

impl<E> Transport<E> {
    fn new(
        signal: &'static str,
        settings: &SignalSettings,
        timeout: Option<Duration>,
        outage: Outage,
        exporter: impl FnOnce(Way) -> Result<E, ExporterBuildError>,
    ) -> Result<Self, StartError> {
        let seen = Seen::default();
        let way = match settings.protocol {
            Protocol::Grpc => Way::Grpc(GrpcWay::new(signal, settings, timeout)?),
            Protocol::HttpProtobuf => {
                Way::Http(HttpWay::new(signal, settings, timeout, seen.clone())?)
            }
        };
        Ok(Self {
            exporter: exporter(way).map_err(|error| StartError::Build { signal, error })?,
            timeout,
            outage,
            listener: exporter_log::listen(seen.clone()),
            seen,
        })
    }

    /// The exporter, to be told whose items come.
    pub(super) const fn exporter(&mut self) -> &mut E {
        &mut self.exporter
    }

    /// Exports until the collector takes it or refuses it for good, or the agent ends. Returns how
    /// many items the collector rejected.
    pub(super) async fn deliver<'a, F>(
        &'a self,
        export: impl Fn(&'a E) -> F,
    ) -> Result<u64, Refused>
    where
        F: Future<Output = OTelSdkResult>,
    {
        let mut backoff = Backoff::new();
        loop {
            self.outage.attempt();
            match self.attempt(export(&self.exporter)).await {
                Ok(answer) => return Ok(self.taken(answer)),
                Err(Failure { reason, next }) => match next {
                    Next::GiveUp => {
                        self.outage.refused(&reason);
                        return Err(Refused);
                    }
                    Next::Retry(asked) => {
                        self.outage.failed(&reason);
                        sleep(backoff.next(asked)).await;
                    }
                },
            }
        }
    }

    async fn attempt(
        &self,
        export: impl Future<Output = OTelSdkResult>,
    ) -> Result<Answer, Failure> {
        let export = export.with_subscriber(self.listener.clone());
        let ended = match self.timeout {
            Some(limit) => timeout(limit, export).await.map_err(|_| limit),
            None => Ok(export.await),
        };
        let seen = self.seen.take();
        match ended {
            Ok(Ok(())) => Ok(seen.answer),
            Ok(Err(error)) => Err(seen
                .failure
                .unwrap_or_else(|| grpc::failure(&error, seen.status))),
            Err(limit) => Err(Failure::of_connection(format!(
                "no answer within {limit:?}"
            ))),
        }
    }

    fn taken(&self, answer: Answer) -> u64 {
        let Answer { rejected, message } = answer;
        if rejected > 0 {
            self.outage.rejected(rejected, &message);
        } else {
            self.outage.delivered();
        }
        rejected
    }
}

impl From<Temporality> for SdkTemporality {
    fn from(temporality: Temporality) -> Self {
        match temporality {
            Temporality::Cumulative => Self::Cumulative,
            Temporality::Delta => Self::Delta,
        }
    }
}
