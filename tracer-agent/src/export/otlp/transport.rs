//! From settings to exporters: addresses, headers, TLS, compression, time limits, retries.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hyper::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue},
    http::uri::Scheme,
};
use opentelemetry_otlp::{
    Compression as OtlpCompression, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig,
    WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::{error::OTelSdkError, metrics::Temporality as SdkTemporality};
use tokio::time::sleep;
use tonic::{
    metadata::MetadataMap,
    service::Interceptor,
    transport::{Channel, Endpoint as GrpcEndpoint},
};

use super::{
    error::StartError,
    http,
    outage::Outage,
    settings::{Compression, Endpoint, Protocol, SignalSettings, Temporality},
    tls::TlsFiles,
};

/// First wait before a retry; doubles up to [`MAX_DELAY`], plus up to [`JITTER`].
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Short enough that a collector that is back is found soon, and within a shutdown's patience.
const MAX_DELAY: Duration = Duration::from_secs(5);
/// Keeps agents that lost the same collector from returning to it in step.
const JITTER: Duration = Duration::from_secs(1);
/// The exporters give up retrying after their time-out. Here a batch is retried until it is
/// taken, refused, or the agent ends; each attempt has its own time limit in the transport.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The way to one signal's collector.
pub(super) struct Transport {
    signal: &'static str,
    timeout: Option<Duration>,
    compression: Option<OtlpCompression>,
    headers: HeaderMap,
    outage: Arc<Outage>,
    link: Link,
}

enum Link {
    Grpc(Channel),
    Http(Uri, Option<Box<rustls::ClientConfig>>),
}

impl Transport {
    /// Checks the settings of `signal` (`traces` or `metrics`); connects to nothing yet. Each
    /// attempt may take `timeout`, `None` for no limit. Must be called inside a tokio runtime.
    pub(super) fn new(
        signal: &'static str,
        settings: &SignalSettings,
        timeout: Option<Duration>,
        outage: Arc<Outage>,
    ) -> Result<Self, StartError> {
        Ok(Self {
            signal,
            timeout,
            compression: settings
                .compression
                .map(|Compression::Gzip| OtlpCompression::Gzip),
            headers: headers(signal, settings)?,
            outage,
            link: match settings.protocol {
                Protocol::Grpc => Link::Grpc(channel(signal, settings, timeout)?),
                Protocol::HttpProtobuf => http_link(signal, settings)?,
            },
        })
    }

    pub(super) fn span_exporter(self) -> Result<SpanExporter, StartError> {
        let signal = self.signal;
        let builder = SpanExporter::builder();
        match self.link {
            Link::Grpc(_) => self.configure_grpc(builder.with_tonic()).build(),
            Link::Http(..) => self.configure_http(builder.with_http()).build(),
        }
        .map_err(|error| StartError::Build { signal, error })
    }

    pub(super) fn metric_exporter(
        self,
        temporality: Temporality,
    ) -> Result<MetricExporter, StartError> {
        let signal = self.signal;
        let builder = MetricExporter::builder().with_temporality(temporality.into());
        match self.link {
            Link::Grpc(_) => self.configure_grpc(builder.with_tonic()).build(),
            Link::Http(..) => self.configure_http(builder.with_http()).build(),
        }
        .map_err(|error| StartError::Build { signal, error })
    }

    fn configure_grpc<B: WithTonicConfig + WithExportConfig>(self, builder: B) -> B {
        let Link::Grpc(channel) = self.link else {
            return builder;
        };
        let builder = builder
            .with_channel(channel)
            .with_timeout(NEVER)
            .with_retry_policy(retry_policy())
            .with_metadata(MetadataMap::from_headers(self.headers))
            .with_interceptor(CountAttempts(self.outage));
        match self.compression {
            Some(compression) => builder.with_compression(compression),
            None => builder,
        }
    }

    fn configure_http<B: WithHttpConfig + WithExportConfig>(self, builder: B) -> B {
        let Link::Http(uri, tls) = self.link else {
            return builder;
        };
        let headers: HashMap<String, String> = self
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let builder = builder
            .with_endpoint(uri.to_string())
            .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
            .with_timeout(NEVER)
            .with_retry_policy(retry_policy())
            .with_headers(headers);
        let builder = match tls {
            Some(config) => {
                builder.with_http_client(http::secure(*config, self.timeout, self.outage))
            }
            None => builder.with_http_client(http::plain(self.timeout, self.outage)),
        };
        match self.compression {
            Some(compression) => builder.with_compression(compression),
            None => builder,
        }
    }
}

/// Exports until the collector takes it or refuses it for good.
pub(super) async fn deliver<F>(outage: &Outage, export: impl Fn() -> F) -> Result<(), OTelSdkError>
where
    F: Future<Output = Result<(), OTelSdkError>>,
{
    let mut delay = FIRST_DELAY;
    loop {
        match export().await {
            Ok(()) => {
                outage.delivered();
                return Ok(());
            }
            Err(error) if broke_with_connection(&error) => sleep(delay).await,
            Err(error) => {
                outage.refused(&error);
                return Err(error);
            }
        }
        delay = (delay * 2).min(MAX_DELAY);
    }
}

/// A gRPC request that broke with its connection: tonic reports it as `Unknown` with the error of
/// the connection behind it, which the exporter does not retry. A status that the collector sent
/// has no such error behind it.
fn broke_with_connection(error: &OTelSdkError) -> bool {
    matches!(error, OTelSdkError::InternalFailure(text) if text.contains("gRPC code: Unknown: "))
}

fn retry_policy() -> RetryPolicy {
    RetryPolicy::recommended()
        .with_max_retries(usize::MAX)
        .with_initial_delay(FIRST_DELAY)
        .with_max_delay(MAX_DELAY)
        .with_max_jitter(JITTER)
}

fn headers(signal: &'static str, settings: &SignalSettings) -> Result<HeaderMap, StartError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers.0 {
        let refused = || StartError::Header {
            signal,
            name: name.clone(),
        };
        let mut value = HeaderValue::from_str(value).map_err(|_| refused())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| refused())?, value);
    }
    Ok(headers)
}

fn channel(
    signal: &'static str,
    settings: &SignalSettings,
    timeout: Option<Duration>,
) -> Result<Channel, StartError> {
    let address = settings.endpoint.as_str();
    let refused = || {
        refused(
            signal,
            &settings.endpoint,
            "write it like http://127.0.0.1:4317",
        )
    };
    // The scheme decides about TLS; `insecure` only where there is none.
    let with_scheme = match (address.contains("://"), settings.tls.insecure) {
        (true, _) => address.to_owned(),
        (false, true) => format!("http://{address}"),
        (false, false) => format!("https://{address}"),
    };
    let endpoint = GrpcEndpoint::from_shared(with_scheme)
        .map_err(|_| refused())?
        .buffer_size(16);
    let endpoint = match timeout {
        Some(timeout) => endpoint.timeout(timeout).connect_timeout(timeout),
        None => endpoint,
    };
    let endpoint = match endpoint.uri().scheme() == Some(&Scheme::HTTPS) {
        true => endpoint
            .tls_config(TlsFiles::read(&settings.tls)?.tonic())
            .map_err(|error| StartError::Tls {
                signal,
                reason: with_sources(&error),
            })?,
        false => endpoint,
    };
    Ok(endpoint.connect_lazy())
}

fn http_link(signal: &'static str, settings: &SignalSettings) -> Result<Link, StartError> {
    let refused = || {
        refused(
            signal,
            &settings.endpoint,
            "write it like http://127.0.0.1:4318",
        )
    };
    let with_path = match &settings.endpoint {
        Endpoint::Base(base) => format!("{}/v1/{signal}", base.trim_end_matches('/')),
        Endpoint::Exact(address) => address.clone(),
    };
    let uri: Uri = with_path.parse().map_err(|_| refused())?;
    let tls = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => {
            Some(Box::new(TlsFiles::read(&settings.tls)?.rustls(signal)?))
        }
        Some(scheme) if *scheme == Scheme::HTTP => None,
        _ => return Err(refused()),
    };
    Ok(Link::Http(uri, tls))
}

fn refused(signal: &'static str, endpoint: &Endpoint, advice: &'static str) -> StartError {
    StartError::Endpoint {
        signal,
        endpoint: endpoint.clone(),
        advice,
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Tells each attempt of the gRPC exporters.
#[derive(Debug, Clone)]
struct CountAttempts(Arc<Outage>);

impl Interceptor for CountAttempts {
    fn call(&mut self, request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
        self.0.attempt();
        Ok(request)
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
