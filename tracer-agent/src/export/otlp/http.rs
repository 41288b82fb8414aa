//! OTLP over HTTP with protobuf: one POST per request.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{HeaderMap, Request, Uri, body::Bytes, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};
use prost::Message as _;
use rustls::ClientConfig;

use super::answer::{Answer, Failure};

/// Answers hold at most a partial success; of a longer one, nothing is of use.
const MAX_ANSWER: usize = 64 * 1024;
/// An idle connection is closed well before collectors and proxies close it under us.
const IDLE: Duration = Duration::from_secs(30);

/// Sends encoded requests of one signal, one at a time over a kept connection.
#[derive(Debug)]
pub(super) struct HttpSender {
    client: Either,
    address: Uri,
    headers: HeaderMap,
    gzip: bool,
}

#[derive(Debug)]
enum Either {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Secure(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl HttpSender {
    /// With TLS if there is a configuration for it. Connecting may take `timeout`.
    pub(super) fn new(
        address: Uri,
        tls: Option<ClientConfig>,
        timeout: Option<Duration>,
        mut headers: HeaderMap,
        gzip: bool,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(timeout);
        tcp.set_nodelay(true);
        let client = match tls {
            None => Either::Plain(client(tcp)),
            Some(config) => {
                tcp.enforce_http(false);
                let connector = HttpsConnectorBuilder::new()
                    .with_tls_config(config)
                    .https_only()
                    .enable_http1()
                    .wrap_connector(tcp);
                Either::Secure(client(connector))
            }
        };
        let protobuf = header::HeaderValue::from_static("application/x-protobuf");
        headers.insert(header::CONTENT_TYPE, protobuf);
        if gzip {
            let coding = header::HeaderValue::from_static("gzip");
            headers.insert(header::CONTENT_ENCODING, coding);
        }
        Self {
            client,
            address,
            headers,
            gzip,
        }
    }

    /// The body as it is sent, made once for all attempts.
    ///
    /// # Errors
    ///
    /// Writing to memory does not fail; the encoder's type says it might.
    pub(super) fn body(&self, encoded: Bytes) -> io::Result<Bytes> {
        if !self.gzip {
            return Ok(encoded);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&encoded)?;
        Ok(encoder.finish()?.into())
    }

    pub(super) async fn send(&self, body: Bytes) -> Result<Answer, Failure> {
        let mut request = Request::post(self.address.clone())
            .body(Full::new(body))
            .map_err(|error| Failure::of_connection(&error))?;
        *request.headers_mut() = self.headers.clone();
        let answer = match &self.client {
            Either::Plain(client) => client.request(request).await,
            Either::Secure(client) => client.request(request).await,
        };
        let (head, body) = answer
            .map_err(|error| Failure::of_connection(&error))?
            .into_parts();
        if !head.status.is_success() {
            let retry_after = head.headers.get(header::RETRY_AFTER);
            let retry_after = retry_after.and_then(|value| value.to_str().ok());
            return Err(Failure::of_http(head.status, retry_after));
        }
        // A body over the bound, cut off or of another kind does not make a delivered batch
        // undelivered.
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let answer = body.ok().map(|body| Answer::decode(body.to_bytes()));
        Ok(answer.and_then(Result::ok).unwrap_or_default())
    }
}

fn client<C: Connect + Clone + Send + Sync + 'static>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(1)
        .build(connector)
}
