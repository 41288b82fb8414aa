//! A collector of our own: OTLP over HTTP, everything kept, raw and decoded.

use std::{
    convert::Infallible,
    io::Read as _,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{
    otlp::{self, Point, Span},
    report::Report,
};
use crate::provider::running::Provider;

/// Listens until dropped; then connections are refused.
#[derive(Debug)]
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    received: Arc<Mutex<Received>>,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Received {
    raw: Vec<Bytes>,
    spans: Vec<Span>,
    points: Vec<Point>,
    undecodable: usize,
}

impl Sink {
    /// Starts on a port; 0 for a free one.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub fn start(port: u16) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = runtime
            .block_on(TcpListener::bind(address))
            .with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let received = Arc::<Mutex<Received>>::default();
        runtime.spawn(serve(listener, Arc::clone(&received)));
        Ok(Self {
            address,
            received,
            runtime: Some(runtime),
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.lock().spans.clone()
    }

    /// All histogram points so far.
    pub fn points(&self) -> Vec<Point> {
        self.lock().points.clone()
    }

    /// Spans of calls to a provider so far, as their clients made them.
    pub fn spans_of(&self, provider: &Provider) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| span.wire.kind() == SpanKind::Client && span.report.is_of(provider));
        spans
    }

    /// The attributes of these.
    pub fn reports_of(&self, provider: &Provider) -> Vec<Report> {
        self.spans_of(provider)
            .into_iter()
            .map(|span| span.report)
            .collect()
    }

    /// Histogram points of calls to a provider so far.
    pub fn points_of(&self, provider: &Provider) -> Vec<Point> {
        let mut points = self.points();
        points.retain(|point| point.attributes.is_of(provider));
        points
    }

    /// Bodies that were no OTLP.
    pub fn undecodable(&self) -> usize {
        self.lock().undecodable
    }

    /// Does any request, headers included and decompressed, hold these bytes?
    pub fn holds(&self, needle: &[u8]) -> bool {
        self.lock()
            .raw
            .iter()
            .any(|raw| memchr::memmem::find(raw, needle).is_some())
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        lock(&self.received)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, received: Arc<Mutex<Received>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let received = Arc::clone(&received);
        let service = service_fn(move |request| {
            let received = Arc::clone(&received);
            async move { Ok::<_, Infallible>(take(request, &received).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn take(request: Request<Incoming>, received: &Mutex<Received>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return status(StatusCode::BAD_REQUEST);
    };
    let gzip = head
        .headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding == "gzip");
    let Some(body) = plain(body.to_bytes(), gzip) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let mut received = lock(received);
    received.raw.push(format!("{:?}", head.headers).into());
    received.raw.push(body.clone());
    match head.uri.path() {
        "/v1/traces" => match prost::Message::decode(body) {
            Ok(request) => received.spans.extend(otlp::spans(request)),
            Err(_) => received.undecodable += 1,
        },
        "/v1/metrics" => match prost::Message::decode(body) {
            Ok(request) => received.points.extend(otlp::points(request)),
            Err(_) => received.undecodable += 1,
        },
        _ => return status(StatusCode::NOT_FOUND),
    }
    // An empty message is an empty body.
    status(StatusCode::OK)
}

#[expect(
    clippy::disallowed_types,
    reason = "what the agent compressed, in a test"
)]
fn plain(body: Bytes, gzip: bool) -> Option<Bytes> {
    if !gzip {
        return Some(body);
    }
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(body.as_ref())
        .read_to_end(&mut decoded)
        .ok()?;
    Some(decoded.into())
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    let kind = header::HeaderValue::from_static("application/x-protobuf");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
