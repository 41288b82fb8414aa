//! One signal's way to its collector: from settings to a sender, and from a request to its delivery.

use std::time::Duration;

use hyper::{
    HeaderMap, Uri,
    body::Bytes,
    header::{HeaderName, HeaderValue},
    http::uri::Scheme,
};
use opentelemetry_sdk::metrics::Temporality as SdkTemporality;
use prost::Message;
use tokio::time::{sleep, timeout};
use tonic::transport::{Channel, Endpoint as GrpcEndpoint};

use super::{
    answer::{Answer, Backoff, Failure, Next, with_sources},
    error::StartError,
    grpc::GrpcSender,
    http::HttpSender,
    outage::Outage,
    settings::{Endpoint, Protocol, SignalSettings, Temporality},
    tls::TlsFiles,
};

/// Sends the requests of one signal.
#[derive(Debug)]
pub(super) struct Transport {
    timeout: Option<Duration>,
    outage: Outage,
    sender: Sender,
}

#[derive(Debug)]
enum Sender {
    Grpc(GrpcSender),
    Http(Box<HttpSender>),
}

/// The collector will never take a request: what it held is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

impl Transport {
    /// Checks the settings of `signal` (`traces` or `metrics`); connects to nothing yet. Each
    /// attempt may take `timeout`, `None` for no limit. Must be called inside a tokio runtime.
    pub(super) fn new(
        signal: &'static str,
        settings: &SignalSettings,
        timeout: Option<Duration>,
        outage: Outage,
    ) -> Result<Self, StartError> {
        let (headers, gzip) = (headers(signal, settings)?, settings.compression.is_some());
        let sender = match settings.protocol {
            Protocol::Grpc => {
                let channel = channel(signal, settings, timeout)?;
                Sender::Grpc(GrpcSender::new(channel, method(signal), headers, gzip))
            }
            Protocol::HttpProtobuf => {
                let (address, tls) = address(signal, settings)?;
                Sender::Http(Box::new(HttpSender::new(
                    address, tls, timeout, headers, gzip,
                )))
            }
        };
        Ok(Self {
            timeout,
            outage,
            sender,
        })
    }

    /// Sends a request until the collector takes it or refuses it for good, or the agent ends.
    /// Returns how many of its items the collector rejected.
    pub(super) async fn deliver(&self, request: &impl Message) -> Result<u64, Refused> {
        let encoded = Bytes::from(request.encode_to_vec());
        let body = match &self.sender {
            Sender::Grpc(_) => Ok(encoded),
            Sender::Http(sender) => sender.body(encoded),
        };
        let body = body.map_err(|error| self.refused(&error.to_string()))?;
        let mut backoff = Backoff::new();
        loop {
            self.outage.attempt();
            match self.attempt(body.clone()).await {
                Ok(answer) => return Ok(self.taken(answer)),
                Err(Failure { reason, next }) => match next {
                    Next::GiveUp => return Err(self.refused(&reason)),
                    Next::Retry(asked) => {
                        self.outage.failed(&reason);
                        sleep(backoff.next(asked)).await;
                    }
                },
            }
        }
    }

    async fn attempt(&self, body: Bytes) -> Result<Answer, Failure> {
        let answer = async {
            match &self.sender {
                Sender::Grpc(sender) => sender.send(body).await,
                Sender::Http(sender) => sender.send(body).await,
            }
        };
        let Some(limit) = self.timeout else {
            return answer.await;
        };
        timeout(limit, answer).await.unwrap_or_else(|_| {
            Err(Failure {
                reason: format!("no answer within {limit:?}"),
                next: Next::Retry(None),
            })
        })
    }

    fn taken(&self, answer: Answer) -> u64 {
        let (rejected, message) = answer.rejected();
        if rejected > 0 {
            self.outage.rejected(rejected, &message);
        } else {
            self.outage.delivered();
        }
        rejected
    }

    fn refused(&self, reason: &str) -> Refused {
        self.outage.refused(reason);
        Refused
    }
}

/// The gRPC method that takes a signal.
fn method(signal: &str) -> &'static str {
    match signal {
        "traces" => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        _ => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
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
        Some(timeout) => endpoint.connect_timeout(timeout),
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

fn address(
    signal: &'static str,
    settings: &SignalSettings,
) -> Result<(Uri, Option<rustls::ClientConfig>), StartError> {
    let refused = || {
        refused(
            signal,
            &settings.endpoint,
            "write it like http://127.0.0.1:4318",
        )
    };
    let uri = match &settings.endpoint {
        Endpoint::Base(base) => below(base, &format!("v1/{signal}")),
        Endpoint::Exact(address) => address.parse().ok(),
    };
    let uri: Uri = uri.ok_or_else(refused)?;
    let tls = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => {
            Some(TlsFiles::read(&settings.tls)?.rustls(signal)?)
        }
        Some(scheme) if *scheme == Scheme::HTTP => None,
        _ => return Err(refused()),
    };
    Ok((uri, tls))
}

/// The address of `path` below `base`: its path grows, its query stays.
fn below(base: &str, path: &str) -> Option<Uri> {
    let mut parts = base.parse::<Uri>().ok()?.into_parts();
    let (before, query) = match &parts.path_and_query {
        Some(old) => (old.path().trim_end_matches('/'), old.query()),
        None => ("", None),
    };
    let joined = match query {
        Some(query) => format!("{before}/{path}?{query}"),
        None => format!("{before}/{path}"),
    };
    parts.path_and_query = Some(joined.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn refused(signal: &'static str, endpoint: &Endpoint, advice: &'static str) -> StartError {
    StartError::Endpoint {
        signal,
        endpoint: endpoint.clone(),
        advice,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_grows_before_the_query() {
        for (base, whole) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("https://h/otlp/", "https://h/otlp/v1/traces"),
            ("http://h/x?key=1", "http://h/x/v1/traces?key=1"),
            ("http://h?key=1", "http://h/v1/traces?key=1"),
        ] {
            let uri = below(base, "v1/traces").unwrap();
            assert_eq!(uri.to_string(), whole);
        }
        assert_eq!(below("http://", "v1/traces"), None);
    }
}
