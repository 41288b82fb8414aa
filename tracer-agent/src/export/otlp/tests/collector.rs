//! A collector for tests: OTLP over gRPC and HTTP/protobuf on one port of 127.0.0.1.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use tonic::{Status, codec::CompressionEncoding, codegen::Service};

/// What the collector says to one request; the default when nothing is scripted is to take it.
#[derive(Debug, Clone)]
pub enum Answer {
    /// An HTTP status, with `Retry-After` in seconds.
    Http(u16, Option<u32>),
    /// A gRPC status.
    Grpc(tonic::Code),
    /// The gRPC status of one that has no room, with when to come again, in seconds.
    GrpcLater(u64),
    /// Takes the request but for so many items.
    Partly(i64),
    /// Closes the connection without a word.
    HangUp,
}

/// One request that was taken.
#[derive(Debug, Clone)]
pub struct Received<T> {
    pub at: Instant,
    pub headers: HeaderMap,
    pub request: T,
}

#[derive(Debug, Default)]
struct Inbox {
    script: Mutex<VecDeque<Answer>>,
    refused: Mutex<Vec<Instant>>,
    traces: Mutex<Vec<Received<ExportTraceServiceRequest>>>,
    metrics: Mutex<Vec<Received<ExportMetricsServiceRequest>>>,
    logs: Mutex<Vec<Received<ExportLogsServiceRequest>>>,
}

/// A running collector; its port closes when it is dropped.
pub struct Collector {
    pub address: SocketAddr,
    inbox: Arc<Inbox>,
    task: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), None).await
    }

    pub async fn start_on(address: SocketAddr, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let inbox = Arc::new(Inbox::default());
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&inbox)));
        Self {
            address,
            inbox,
            task,
        }
    }

    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inbox.script.lock().unwrap().extend(answers);
    }

    pub fn traces(&self) -> Vec<Received<ExportTraceServiceRequest>> {
        self.inbox.traces.lock().unwrap().clone()
    }

    pub fn metrics(&self) -> Vec<Received<ExportMetricsServiceRequest>> {
        self.inbox.metrics.lock().unwrap().clone()
    }

    pub fn logs(&self) -> Vec<Received<ExportLogsServiceRequest>> {
        self.inbox.logs.lock().unwrap().clone()
    }

    /// When requests were not taken, as the script said.
    pub fn refused(&self) -> Vec<Instant> {
        self.inbox.refused.lock().unwrap().clone()
    }

    /// Waits until `done`, for at most ten seconds.
    pub async fn wait_for(&self, done: impl Fn(&Self) -> bool) {
        for _ in 0..1_000 {
            if done(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the collector did not receive what was expected");
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, inbox: Arc<Inbox>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let inbox = Arc::clone(&inbox);
        match tls.clone() {
            None => drop(tokio::spawn(serve(stream, inbox))),
            Some(tls) => drop(tokio::spawn(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, inbox).await;
                }
            })),
        }
    }
}

async fn serve<S>(stream: S, inbox: Arc<Inbox>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let hang_up = Arc::new(tokio::sync::Notify::new());
    let service = service_fn(|request| answer(request, Arc::clone(&inbox), Arc::clone(&hang_up)));
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection => {}
        () = hang_up.notified() => {}
    }
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Status>;

async fn answer(
    request: Request<Incoming>,
    inbox: Arc<Inbox>,
    hang_up: Arc<tokio::sync::Notify>,
) -> Result<Response<Body>, Infallible> {
    let next = inbox.script.lock().unwrap().pop_front();
    if next.is_some() {
        inbox.refused.lock().unwrap().push(Instant::now());
    }
    match next {
        Some(Answer::Http(status, retry_after)) => Ok(http_status(status, retry_after)),
        Some(Answer::Grpc(code)) => Ok(Status::new(code, "scripted").into_http()),
        Some(Answer::GrpcLater(seconds)) => Ok(grpc_later(seconds)),
        Some(Answer::Partly(rejected)) if is_grpc(&request) => Ok(grpc_partly(rejected)),
        Some(Answer::Partly(rejected)) => Ok(http_answer(200, None, partly(rejected).into())),
        Some(Answer::HangUp) => {
            hang_up.notify_one();
            std::future::pending().await
        }
        None if is_grpc(&request) => Ok(grpc(request, inbox).await),
        None => Ok(http(request, &inbox).await),
    }
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    request
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind == "application/grpc")
}

async fn grpc(request: Request<Incoming>, inbox: Arc<Inbox>) -> Response<Body> {
    let response = match request.uri().path() {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => {
            let mut service =
                TraceServiceServer::from_arc(inbox).accept_compressed(CompressionEncoding::Gzip);
            service.call(request).await
        }
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
            let mut service =
                LogsServiceServer::from_arc(inbox).accept_compressed(CompressionEncoding::Gzip);
            service.call(request).await
        }
        _ => {
            let mut service =
                MetricsServiceServer::from_arc(inbox).accept_compressed(CompressionEncoding::Gzip);
            service.call(request).await
        }
    };
    response.unwrap().map(|body| body.boxed_unsync())
}

#[tonic::async_trait]
impl TraceService for Inbox {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, Status> {
        self.traces.lock().unwrap().push(received(request));
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Inbox {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, Status> {
        self.metrics.lock().unwrap().push(received(request));
        Ok(tonic::Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Inbox {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, Status> {
        self.logs.lock().unwrap().push(received(request));
        Ok(tonic::Response::new(ExportLogsServiceResponse::default()))
    }
}

fn received<T>(request: tonic::Request<T>) -> Received<T> {
    let (metadata, _, request) = request.into_parts();
    Received {
        at: Instant::now(),
        headers: metadata.into_headers(),
        request,
    }
}

async fn http(request: Request<Incoming>, inbox: &Inbox) -> Response<Body> {
    let (head, body) = request.into_parts();
    assert_eq!(head.headers["content-type"], "application/x-protobuf");
    let body = body.collect().await.unwrap().to_bytes();
    let body = match head.headers.get("content-encoding") {
        None => body.to_vec(),
        Some(coding) => {
            assert_eq!(coding, "gzip");
            let mut plain = Vec::new();
            #[expect(clippy::disallowed_types, reason = "what we compressed ourselves")]
            flate2::read::GzDecoder::new(&*body)
                .read_to_end(&mut plain)
                .unwrap();
            plain
        }
    };
    let (at, headers) = (Instant::now(), head.headers);
    match head.uri.path() {
        "/v1/traces" => {
            let request = ExportTraceServiceRequest::decode(&*body).unwrap();
            inbox.traces.lock().unwrap().push(Received {
                at,
                headers,
                request,
            });
        }
        "/v1/metrics" => {
            let request = ExportMetricsServiceRequest::decode(&*body).unwrap();
            inbox.metrics.lock().unwrap().push(Received {
                at,
                headers,
                request,
            });
        }
        "/v1/logs" => {
            let request = ExportLogsServiceRequest::decode(&*body).unwrap();
            inbox.logs.lock().unwrap().push(Received {
                at,
                headers,
                request,
            });
        }
        _ => return http_status(404, None),
    }
    http_status(200, None)
}

/// What the protocol has a collector say that took not all of its spans.
fn partly(rejected: i64) -> Vec<u8> {
    let partial_success = Some(ExportTracePartialSuccess {
        rejected_spans: rejected,
        error_message: "too many".to_owned(),
    });
    ExportTraceServiceResponse { partial_success }.encode_to_vec()
}

/// The same as one gRPC message, uncompressed, with the status that says that all went well.
fn grpc_partly(rejected: i64) -> Response<Body> {
    let message = partly(rejected);
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&[0][..], &length, &message].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", hyper::header::HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(framed))
        .map_err(|never| match never {})
        .with_trailers(std::future::ready(Some(Ok(trailers))));
    Response::builder()
        .header("content-type", "application/grpc")
        .body(body.boxed_unsync())
        .unwrap()
}

fn grpc_later(seconds: u64) -> Response<Body> {
    let wait = Some(Duration::from_secs(seconds));
    let details = tonic_types::ErrorDetails::with_retry_info(wait);
    <Status as tonic_types::StatusExt>::with_error_details(
        tonic::Code::ResourceExhausted,
        "full",
        details,
    )
    .into_http()
}

fn http_status(status: u16, retry_after: Option<u32>) -> Response<Body> {
    http_answer(status, retry_after, Bytes::new())
}

fn http_answer(status: u16, retry_after: Option<u32>, body: Bytes) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    let body = Full::new(body).map_err(|never| match never {});
    response.body(body.boxed_unsync()).unwrap()
}
