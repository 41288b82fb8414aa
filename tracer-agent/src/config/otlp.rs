//! From keys to what the OTLP output works by.

use std::path::PathBuf;

use tracer_core::semconv::backends::Backend;

use super::{
    choices::{self, Exporter, OtlpProtocol},
    endpoint,
    error::ConfigError,
    key::Key,
    layers::Layers,
    registry as keys,
    setting::Pairs,
    units::TimeLimit,
};
use crate::export::otlp::settings::{
    BatchSettings, Compression, Endpoint, Headers, OtlpSettings, Protocol, SignalSettings,
    Temporality, TlsSettings,
};

/// What is sent, where and how.
pub fn resolve(layers: &Layers) -> Result<OtlpSettings, ConfigError> {
    let disabled = layers.get(&keys::EXPORT_DISABLED)?;
    let backend = backend(layers)?;
    let traces = signal(layers, &TRACES)?.map(|traces| traces.with_headers(backend.headers()));
    let is_taken =
        |signal: &SignalSettings| !backend.takes_only_spans() || signal.endpoint.is_exact();
    let metrics = signal(layers, &METRICS)?.filter(is_taken);
    let logs = signal(layers, &LOGS)?.filter(is_taken);
    let max_queue_size: Option<u32> = layers.get(&keys::MAX_QUEUED_SPANS)?;
    Ok(OtlpSettings {
        backend,
        traces: traces.filter(|_| !disabled),
        metrics: metrics.filter(|_| !disabled),
        logs: logs.filter(|_| !disabled),
        batch: BatchSettings {
            schedule_delay: layers.get(&keys::BATCH_DELAY)?,
            max_queue_size: max_queue_size.map(to_usize),
            max_export_batch_size: to_usize(layers.get(&keys::BATCH_SIZE)?),
            export_timeout: layers.get(&keys::BATCH_TIMEOUT)?.0,
        },
        metric_interval: layers.get(&keys::METRIC_INTERVAL)?.0,
        metric_timeout: layers.get(&keys::METRIC_TIMEOUT)?.0,
        temporality: match layers.get(&keys::OTLP_TEMPORALITY)? {
            choices::Temporality::Cumulative => Temporality::Cumulative,
            choices::Temporality::Delta | choices::Temporality::LowMemory => Temporality::Delta,
        },
        resource_attributes: layers
            .get(&keys::RESOURCE_ATTRIBUTES)?
            .into_iter()
            .filter(|(name, _)| !name.starts_with("service."))
            .collect(),
        queue_bytes: usize::try_from(layers.get(&keys::QUEUE_SIZE)?.0.0).unwrap_or(usize::MAX),
    })
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn backend(layers: &Layers) -> Result<Backend, ConfigError> {
    Ok(match layers.get(&keys::OTLP_BACKEND)? {
        choices::Backend::Generic => Backend::Generic,
        choices::Backend::Phoenix => Backend::Phoenix,
        choices::Backend::Mlflow => Backend::Mlflow,
        choices::Backend::Langfuse => Backend::Langfuse,
    })
}

/// The keys that one signal has of its own.
struct SignalKeys {
    exporter: &'static Key<Exporter>,
    endpoint: &'static Key<Option<endpoint::Endpoint>>,
    protocol: &'static Key<Option<OtlpProtocol>>,
    headers: &'static Key<Pairs>,
    timeout: &'static Key<Option<TimeLimit>>,
    compression: &'static Key<Option<choices::Compression>>,
    certificate: &'static Key<Option<PathBuf>>,
    client_certificate: &'static Key<Option<PathBuf>>,
    client_key: &'static Key<Option<PathBuf>>,
    insecure: &'static Key<Option<bool>>,
}

static TRACES: SignalKeys = SignalKeys {
    exporter: &keys::TRACES_EXPORTER,
    endpoint: &keys::OTLP_TRACES_ENDPOINT,
    protocol: &keys::OTLP_TRACES_PROTOCOL,
    headers: &keys::OTLP_TRACES_HEADERS,
    timeout: &keys::OTLP_TRACES_TIMEOUT,
    compression: &keys::OTLP_TRACES_COMPRESSION,
    certificate: &keys::OTLP_TRACES_CERTIFICATE,
    client_certificate: &keys::OTLP_TRACES_CLIENT_CERTIFICATE,
    client_key: &keys::OTLP_TRACES_CLIENT_KEY,
    insecure: &keys::OTLP_TRACES_INSECURE,
};

static METRICS: SignalKeys = SignalKeys {
    exporter: &keys::METRICS_EXPORTER,
    endpoint: &keys::OTLP_METRICS_ENDPOINT,
    protocol: &keys::OTLP_METRICS_PROTOCOL,
    headers: &keys::OTLP_METRICS_HEADERS,
    timeout: &keys::OTLP_METRICS_TIMEOUT,
    compression: &keys::OTLP_METRICS_COMPRESSION,
    certificate: &keys::OTLP_METRICS_CERTIFICATE,
    client_certificate: &keys::OTLP_METRICS_CLIENT_CERTIFICATE,
    client_key: &keys::OTLP_METRICS_CLIENT_KEY,
    insecure: &keys::OTLP_METRICS_INSECURE,
};

static LOGS: SignalKeys = SignalKeys {
    exporter: &keys::LOGS_EXPORTER,
    endpoint: &keys::OTLP_LOGS_ENDPOINT,
    protocol: &keys::OTLP_LOGS_PROTOCOL,
    headers: &keys::OTLP_LOGS_HEADERS,
    timeout: &keys::OTLP_LOGS_TIMEOUT,
    compression: &keys::OTLP_LOGS_COMPRESSION,
    certificate: &keys::OTLP_LOGS_CERTIFICATE,
    client_certificate: &keys::OTLP_LOGS_CLIENT_CERTIFICATE,
    client_key: &keys::OTLP_LOGS_CLIENT_KEY,
    insecure: &keys::OTLP_LOGS_INSECURE,
};

/// A signal's own keys over those for all signals. Everything is checked, wanted or not, so that
/// a bad value shows before the day it is needed.
fn signal(layers: &Layers, own: &SignalKeys) -> Result<Option<SignalSettings>, ConfigError> {
    let exporter = layers.get(own.exporter)?;
    let protocol = own_or_common(layers, own.protocol, &keys::OTLP_PROTOCOL)?;
    let endpoint = endpoint(layers, own, protocol)?;
    let (common_headers, own_headers) =
        (layers.get(&keys::OTLP_HEADERS)?, layers.get(own.headers)?);
    // As the specification has it, the whole set: what one collector may know is not sent to
    // another.
    let headers = match own_headers.is_empty() {
        true => common_headers,
        false => own_headers,
    };
    let file = |own: &Key<Option<PathBuf>>, common| match layers.get(own)? {
        Some(path) => Ok(Some(path)),
        None => layers.get(common),
    };
    let settings = SignalSettings {
        endpoint: endpoint.clone().unwrap_or(Endpoint::Base(String::new())),
        protocol: match protocol {
            OtlpProtocol::Grpc => Protocol::Grpc,
            OtlpProtocol::HttpProtobuf => Protocol::HttpProtobuf,
        },
        headers: Headers(headers.into_iter().collect()),
        timeout: own_or_common(layers, own.timeout, &keys::OTLP_TIMEOUT)?.0,
        compression: match own_or_common(layers, own.compression, &keys::OTLP_COMPRESSION)? {
            choices::Compression::Gzip => Some(Compression::Gzip),
            choices::Compression::None => None,
        },
        tls: TlsSettings {
            certificate: file(own.certificate, &keys::OTLP_CERTIFICATE)?,
            client_key: file(own.client_key, &keys::OTLP_CLIENT_KEY)?,
            client_certificate: file(own.client_certificate, &keys::OTLP_CLIENT_CERTIFICATE)?,
            insecure: own_or_common(layers, own.insecure, &keys::OTLP_INSECURE)?,
        },
    };
    Ok((exporter == Exporter::Otlp && endpoint.is_some()).then_some(settings))
}

fn own_or_common<T: super::setting::Scalar>(
    layers: &Layers,
    own: &Key<Option<T>>,
    common: &Key<T>,
) -> Result<T, ConfigError> {
    match layers.get(own)? {
        Some(value) => Ok(value),
        None => layers.get(common),
    }
}

/// The signal's own endpoint, else the common one.
fn endpoint(
    layers: &Layers,
    own: &SignalKeys,
    protocol: OtlpProtocol,
) -> Result<Option<Endpoint>, ConfigError> {
    let (url, origin, exact) = match layers.get(own.endpoint)? {
        Some(url) => (url, layers.origin(own.endpoint), true),
        None => match layers.get(&keys::OTLP_ENDPOINT)? {
            Some(url) => (url, layers.origin(&keys::OTLP_ENDPOINT), false),
            None => return Ok(None),
        },
    };
    if protocol == OtlpProtocol::HttpProtobuf && !url.has_scheme() {
        let url = url.as_str();
        let conflict = format!(
            "endpoint `{url}` has no scheme, which only grpc allows: write http://{url} or https://{url}"
        );
        return Err(ConfigError::Conflict { origin, conflict });
    }
    let address = url.as_str().to_owned();
    Ok(Some(if exact {
        Endpoint::Exact(address)
    } else {
        Endpoint::Base(address)
    }))
}

#[cfg(test)]
#[path = "otlp_tests.rs"]
mod tests;
