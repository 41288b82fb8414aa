//! The HTTP client under the exporters of HTTP/protobuf.

use std::{fmt, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, body::Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};
use opentelemetry_http::{HttpClient, HttpError};
use rustls::ClientConfig;
use std::sync::Arc;

use super::outage::Outage;

/// Answers hold at most a partial success; of a longer one, nothing is of use.
const MAX_ANSWER: usize = 64 * 1024;
/// An idle connection is closed well before collectors and proxies close it under us.
const IDLE: Duration = Duration::from_secs(30);

/// Sends one request at a time over a kept connection.
pub(super) struct HyperClient<C> {
    client: Client<C, Full<Bytes>>,
    timeout: Option<Duration>,
    outage: Arc<Outage>,
}

/// A client without TLS.
pub(super) fn plain(timeout: Option<Duration>, outage: Arc<Outage>) -> HyperClient<HttpConnector> {
    HyperClient::new(tcp(timeout), timeout, outage)
}

/// A client for `https` addresses.
pub(super) fn secure(
    config: ClientConfig,
    timeout: Option<Duration>,
    outage: Arc<Outage>,
) -> HyperClient<HttpsConnector<HttpConnector>> {
    let mut tcp = tcp(timeout);
    tcp.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    HyperClient::new(connector, timeout, outage)
}

fn tcp(timeout: Option<Duration>) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(timeout);
    connector.set_nodelay(true);
    connector
}

impl<C: Connect + Clone + Send + Sync + 'static> HyperClient<C> {
    fn new(connector: C, timeout: Option<Duration>, outage: Arc<Outage>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Self {
            client,
            timeout,
            outage,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
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
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.outage.attempt();
        match self.timeout {
            Some(timeout) => tokio::time::timeout(timeout, self.send(request)).await?,
            None => self.send(request).await,
        }
    }
}

impl<C> fmt::Debug for HyperClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperClient")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
