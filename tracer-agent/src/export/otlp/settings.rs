//! What the OTLP output needs to know, after environment, file and flags were merged.
//!
//! The merging is not done here. Names in the documentation are the standard variables of the
//! OpenTelemetry specification that a field comes from; the file's and the flags' names are the
//! configuration's own. `OTEL_SDK_DISABLED=true`, `OTEL_TRACES_EXPORTER=none`,
//! `OTEL_METRICS_EXPORTER=none` and `OTEL_LOGS_EXPORTER=none` turn into absent settings.

use std::{fmt, path::PathBuf, time::Duration};

use tracer_core::semconv::backends::Backend;

/// Where and how spans, events and metrics are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpSettings {
    /// Who reads what is sent.
    pub backend: Backend,
    /// Where spans go; `None`: nowhere.
    pub traces: Option<SignalSettings>,
    /// Where metrics go; `None`: nowhere.
    pub metrics: Option<SignalSettings>,
    /// Where events go; `None`: nowhere.
    pub logs: Option<SignalSettings>,
    /// How spans and events are batched.
    pub batch: BatchSettings,
    /// Time between two exports of metrics (`OTEL_METRIC_EXPORT_INTERVAL`), not zero.
    pub metric_interval: Duration,
    /// Longest wait for one attempt to send metrics (`OTEL_METRIC_EXPORT_TIMEOUT`), `None`
    /// for no limit; the shorter one of this and [`SignalSettings::timeout`] holds.
    pub metric_timeout: Option<Duration>,
    /// Whether histograms restart at each export
    /// (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`).
    pub temporality: Temporality,
    /// Facts of the host for the resource of every observed process, from the agent's own
    /// `OTEL_RESOURCE_ATTRIBUTES`. What is known of a process wins over them.
    pub resource_attributes: Vec<(String, String)>,
    /// Bound of the memory that waiting spans may take, in bytes, and of that of waiting events.
    /// Beyond it new ones are dropped and counted; those already waiting are kept.
    pub queue_bytes: usize,
}

/// One signal's way to its collector.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalSettings {
    /// The collector.
    pub endpoint: Endpoint,
    /// Encoding and transport (`OTEL_EXPORTER_OTLP_PROTOCOL`).
    pub protocol: Protocol,
    /// Extra headers or gRPC metadata (`OTEL_EXPORTER_OTLP_HEADERS`), percent-decoded.
    pub headers: Headers,
    /// Longest wait for one attempt (`OTEL_EXPORTER_OTLP_TIMEOUT`); `None`: no limit.
    pub timeout: Option<Duration>,
    /// Compression of requests (`OTEL_EXPORTER_OTLP_COMPRESSION`).
    pub compression: Option<Compression>,
    /// Keys and trust.
    pub tls: TlsSettings,
}

/// The address of a collector. Its debug output and its display hide what could be a credential.
#[derive(Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// For all signals (`OTEL_EXPORTER_OTLP_ENDPOINT`): over HTTP, `/v1/traces`, `/v1/metrics` or
    /// `/v1/logs` is appended to its path.
    Base(String),
    /// For one signal (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_METRICS_ENDPOINT`,
    /// `…_LOGS_ENDPOINT`): used as it is.
    Exact(String),
}

/// Encoding and transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `grpc`.
    Grpc,
    /// `http/protobuf`, the default of the specification.
    HttpProtobuf,
}

/// Compression of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `gzip`.
    Gzip,
}

/// What a histogram's counts are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temporality {
    /// From the first call of a process.
    #[default]
    Cumulative,
    /// From the last export (`delta` and `lowmemory`: all instruments here are histograms, for
    /// which the two mean the same).
    Delta,
}

/// Keys and trust of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// PEM file of the authorities to trust (`OTEL_EXPORTER_OTLP_CERTIFICATE`); `None`: the
    /// system's.
    pub certificate: Option<PathBuf>,
    /// PEM file of the client's key (`OTEL_EXPORTER_OTLP_CLIENT_KEY`).
    pub client_key: Option<PathBuf>,
    /// PEM file of the client's certificate chain (`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`).
    pub client_certificate: Option<PathBuf>,
    /// No TLS for a gRPC endpoint that names no scheme (`OTEL_EXPORTER_OTLP_INSECURE`).
    pub insecure: bool,
}

/// How spans are batched.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchSettings {
    /// Longest wait of a span for others to travel with (`OTEL_BSP_SCHEDULE_DELAY`).
    pub schedule_delay: Duration,
    /// Bound of the number of waiting spans (`OTEL_BSP_MAX_QUEUE_SIZE`); `None`: only
    /// [`OtlpSettings::queue_bytes`] bounds them. The specification's default of 2048 spans
    /// would not outlast a collector's restart, so it is not ours.
    pub max_queue_size: Option<usize>,
    /// Most spans in one request (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    pub max_export_batch_size: usize,
    /// Longest wait for one attempt to send a batch (`OTEL_BSP_EXPORT_TIMEOUT`), `None` for no
    /// limit; the shorter one of this and [`SignalSettings::timeout`] holds.
    pub export_timeout: Option<Duration>,
}

/// Header names and values; the values do not show in debug output, for they hold credentials.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(pub Vec<(String, String)>);

impl OtlpSettings {
    /// Nothing goes anywhere.
    pub const fn is_off(&self) -> bool {
        self.traces.is_none() && self.metrics.is_none() && self.logs.is_none()
    }

    /// Default bound of the memory that waiting spans may take.
    pub const QUEUE_BYTES: usize = 16 * 1024 * 1024;
    /// Default of `OTEL_METRIC_EXPORT_INTERVAL`.
    pub const METRIC_INTERVAL: Duration = Duration::from_secs(60);
    /// Default of `OTEL_METRIC_EXPORT_TIMEOUT`.
    pub const METRIC_TIMEOUT: Duration = Duration::from_secs(30);
}

impl Default for OtlpSettings {
    /// Sends nothing; everything else as the specification has it.
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            traces: None,
            metrics: None,
            logs: None,
            batch: BatchSettings::default(),
            metric_interval: Self::METRIC_INTERVAL,
            metric_timeout: Some(Self::METRIC_TIMEOUT),
            temporality: Temporality::default(),
            resource_attributes: Vec::new(),
            queue_bytes: Self::QUEUE_BYTES,
        }
    }
}

impl SignalSettings {
    /// Default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// Plain settings for an endpoint: HTTP with protobuf, no headers, no compression.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            protocol: Protocol::HttpProtobuf,
            headers: Headers::default(),
            timeout: Some(Self::TIMEOUT),
            compression: None,
            tls: TlsSettings::default(),
        }
    }

    /// With these headers, where none of the same name is there.
    pub fn with_headers(mut self, headers: &[(&str, &str)]) -> Self {
        let given = &mut self.headers.0;
        for (name, value) in headers {
            if !given
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                given.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        self
    }
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            schedule_delay: Duration::from_secs(5),
            max_queue_size: None,
            max_export_batch_size: 512,
            export_timeout: Some(Duration::from_secs(30)),
        }
    }
}

impl Endpoint {
    /// The address as configured.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Base(address) | Self::Exact(address) => address,
        }
    }

    /// Whether it is for one signal alone.
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }
}

impl fmt::Display for Endpoint {
    /// The address without user info and query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.as_str();
        let address = address.split(['?', '#']).next().unwrap_or(address);
        let (scheme, rest) = match address.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, address),
        };
        if let Some(scheme) = scheme {
            write!(f, "{scheme}://")?;
        }
        f.write_str(rest.rsplit_once('@').map_or(rest, |(_, host)| host))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Base(_) => "Base",
            Self::Exact(_) => "Exact",
        };
        write!(f, "{kind}({self})")
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_output_holds_a_credential() {
        let headers = Headers(vec![("authorization".into(), "Bearer canary".into())]);
        let endpoint = Endpoint::Exact("https://user:canary@host:4318/v1/traces?key=canary".into());
        let settings = SignalSettings {
            headers,
            ..SignalSettings::new(endpoint.clone())
        };
        let text = format!("{settings:?}");
        assert!(text.contains("authorization"), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(endpoint.to_string(), "https://host:4318/v1/traces");
        assert_eq!(Endpoint::Base("host:4317".into()).to_string(), "host:4317");
    }
}
