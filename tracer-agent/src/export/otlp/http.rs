//! The HTTP exporters: the client under them, which sees the answers.

use std::{fmt, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Request, Response, Uri, body::Bytes, header::RETRY_AFTER, http::uri::Scheme,
};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    Compression as OtlpCompression, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use rustls::ClientConfig;

use super::{
    address,
    answer::{Answer, Failure},
    error::StartError,
    seen::{Attempt, Seen},
    settings::SignalSettings,
    tls::TlsFiles,
};
use crate::causes::with_causes;

/// Answers hold at most a partial success; of a longer one, nothing is of use.
const MAX_ANSWER: usize = 64 * 1024;
/// An idle connection is closed well before collectors and proxies close it under us.
const IDLE: Duration = Duration::from_secs(30);

/// A way to a collector over HTTP.
pub(super) struct HttpWay {
    address: Uri,
    client: Arc<dyn HttpClient>,
    compression: Option<OtlpCompression>,
}

impl HttpWay {
    /// Connects to nothing yet. Connecting may take `timeout`. What is answered is noted in `seen`.
    pub(super) fn new(
        signal: &'static str,
        settings: &SignalSettings,
        timeout: Option<Duration>,
        seen: Seen,
    ) -> Result<Self, StartError> {
        let advice = "write it like http://127.0.0.1:4318";
        let refused = || address::refused(signal, &settings.endpoint, advice);
        let address = address::http(signal, settings).ok_or_else(refused)?;
        let tls = match address.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {
                Some(TlsFiles::read(&settings.tls)?.rustls(signal)?)
            }
            Some(scheme) if *scheme == Scheme::HTTP => None,
            _ => return Err(refused()),
        };
        let headers = address::headers(signal, settings)?;
        Ok(Self {
            address,
            client: client(tls, timeout, headers, seen),
            compression: settings.compression.map(OtlpCompression::from),
        })
    }

    /// The client alone, for another interface of the same server.
    pub(super) fn into_client(self) -> Arc<dyn HttpClient> {
        self.client
    }

    /// The builder of an exporter that makes one attempt for each export.
    pub(super) fn configure<B: WithHttpConfig + WithExportConfig>(self, builder: B) -> B {
        let builder = builder
            .with_endpoint(self.address.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_retry_policy(RetryPolicy::disabled())
            .with_shared_http_client(self.client);
        match self.compression {
            Some(compression) => builder.with_compression(compression),
            None => builder,
        }
    }
}

/// A client with TLS if there is a configuration for it.
fn client(
    tls: Option<ClientConfig>,
    timeout: Option<Duration>,
    headers: HeaderMap,
    seen: Seen,
) -> Arc<dyn HttpClient> {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(timeout);
    tcp.set_nodelay(true);
    match tls {
        None => Arc::new(HyperClient::new(tcp, headers, seen)),
        Some(config) => {
            tcp.enforce_http(false);
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(config)
                .https_only()
                .enable_http1()
                .wrap_connector(tcp);
            Arc::new(HyperClient::new(connector, headers, seen))
        }
    }
}

/// Sends one request at a time over a kept connection.
struct HyperClient<C> {
    client: Client<C, Full<Bytes>>,
    headers: HeaderMap,
    seen: Seen,
}

impl<C: Connect + Clone + Send + Sync + 'static> HyperClient<C> {
    fn new(connector: C, headers: HeaderMap, seen: Seen) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Self {
            client,
            headers,
            seen,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, legacy::Error> {
        let answer = self.client.request(request.map(Full::new)).await?;
        let (head, body) = answer.into_parts();
        // A body over the bound or cut off does not make a delivered batch undelivered.
        let body = match Limited::new(body, MAX_ANSWER).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => Bytes::new(),
        };
        Ok(Response::from_parts(head, body))
    }
}

#[async_trait::async_trait]
impl<C: Connect + Clone + Send + Sync + 'static> HttpClient for HyperClient<C> {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        *request.headers_mut() = address::headed(request.headers(), &self.headers);
        let answer = self.send(request).await;
        self.seen.note(|attempt| judge(&answer, attempt));
        Ok(answer?)
    }
}

fn judge(answer: &Result<Response<Bytes>, legacy::Error>, attempt: &mut Attempt) {
    match answer {
        Err(error) => attempt.failure = Some(Failure::of_connection(with_causes(error))),
        Ok(answer) if answer.status().is_success() => attempt.answer = partial(answer.body()),
        Ok(answer) => {
            let retry_after = answer.headers().get(RETRY_AFTER);
            let retry_after = retry_after.and_then(|value| value.to_str().ok());
            attempt.failure = Some(Failure::of_http(answer.status(), retry_after));
        }
    }
}

/// What of a request was not taken. The answers for metrics differ from those for spans in the names
/// of their fields only; one that is neither says nothing.
fn partial(body: &Bytes) -> Answer {
    let answer = ExportTraceServiceResponse::decode(body.clone()).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    Answer {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: partial.error_message,
    }
}

impl<C> fmt::Debug for HyperClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperClient").finish_non_exhaustive()
    }
}
