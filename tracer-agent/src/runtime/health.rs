//! The agent's own endpoint: metrics and health over HTTP.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | the agent's own metrics, OpenMetrics text |
//! | `/healthz` | 200 while the capture thread makes progress, else 503 |
//! | `/readyz` | 200 once probes are attached, else 503 |
//! | `/v1/processes` | calls by process, [`SeenProcesses`](crate::telemetry::processes::SeenProcesses) as JSON |
//! | `/v1/evaluations` | takes evaluations, where that is switched on: [`inbox`](super::inbox) |
//!
//! Nothing of the observed traffic is served but counts; still, only loopback is the default.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ALLOW, CONTENT_TYPE},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

use super::inbox::{self, Inbox};
use crate::telemetry::{Telemetry, processes};

/// Default address of the endpoint.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:9469";

/// Without a sign of life for this long the capture thread counts as stuck.
const STALLED_AFTER: Duration = Duration::from_secs(30);
/// Most connections served at a time; more wait in the listen queue.
const MAX_CONNECTIONS: usize = 16;
/// A client that has not sent its request's head by then is hung up on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the agent is alive and ready; cheap to clone, told by the capture side.
#[derive(Debug, Clone)]
pub struct Health(Arc<State>);

#[derive(Debug)]
struct State {
    ready: AtomicBool,
    started: Instant,
    /// Milliseconds from `started` to the last sign of life.
    last_beat: AtomicU64,
}

/// Why the endpoint is not there.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else has the port.
    #[error(
        "cannot serve metrics on {0}: the address is in use; choose another with --metrics-listen \
         or turn the endpoint off with --metrics-listen none"
    )]
    InUse(SocketAddr),
    /// The address is not this host's, or needs a privilege.
    #[error("cannot serve metrics on {0}: {1}; choose another address with --metrics-listen")]
    Bind(SocketAddr, io::Error),
}

/// The running endpoint; ends when dropped.
#[derive(Debug)]
pub struct HealthServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Serves on `listen` until the returned server is dropped. Must be called inside a tokio runtime.
///
/// # Errors
///
/// When the address cannot be bound.
pub async fn serve(
    listen: SocketAddr,
    telemetry: Telemetry,
    health: Health,
    inbox: Option<Inbox>,
) -> Result<HealthServer, ServeError> {
    let bind_error = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse(listen),
        _ => ServeError::Bind(listen, error),
    };
    let listener = bind(listen).await.map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let task = tokio::spawn(accept(listener, telemetry, health, inbox));
    Ok(HealthServer { address, task })
}

/// Binds; where a host has no IPv6, all of its addresses are those of IPv4.
async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let error = match TcpListener::bind(listen).await {
        Err(error) if listen.ip() == Ipv6Addr::UNSPECIFIED => error,
        result => return result,
    };
    match Errno::from_io_error(&error) {
        Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, listen.port())).await
        }
        _ => Err(error),
    }
}

impl HealthServer {
    /// The bound address; the port is a real one even if 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HealthServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Health {
    /// Alive, not ready.
    pub fn new() -> Self {
        Self(Arc::new(State {
            ready: AtomicBool::new(false),
            started: Instant::now(),
            last_beat: AtomicU64::new(0),
        }))
    }

    /// Probes are attached (or no longer).
    pub fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Relaxed);
    }

    /// A sign of life of the capture thread; call at least every few seconds.
    pub fn beat(&self) {
        let elapsed = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_beat.store(elapsed, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Relaxed)
    }

    /// Before it is ready the agent may be busy with loading and attaching: it counts as alive.
    fn is_alive(&self) -> bool {
        let last_beat = Duration::from_millis(self.0.last_beat.load(Ordering::Relaxed));
        !self.is_ready() || self.0.started.elapsed().saturating_sub(last_beat) < STALLED_AFTER
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

async fn accept(listener: TcpListener, telemetry: Telemetry, health: Health, inbox: Option<Inbox>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, or the peer was gone already: both pass.
                tracing::debug!(%error, "cannot accept a connection on the metrics endpoint");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (telemetry, health) = (telemetry.clone(), health.clone());
        let inbox = inbox.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let path = request.uri().path();
                let inbox = inbox.clone().filter(|_| path == inbox::PATH);
                let response = answer(request.method(), path, &telemetry, &health);
                async move {
                    Ok::<_, Infallible>(match inbox {
                        Some(inbox) => inbox.answer(request).await,
                        None => response,
                    })
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the metrics endpoint broke off");
            }
            drop(slot);
        });
    }
}

fn answer(
    method: &Method,
    path: &str,
    telemetry: &Telemetry,
    health: &Health,
) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        response
            .headers_mut()
            .insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match path {
        "/metrics" => respond(
            StatusCode::OK,
            Telemetry::CONTENT_TYPE,
            telemetry.render().into(),
        ),
        processes::PATH => seen_processes(telemetry),
        "/healthz" if health.is_alive() => plain(StatusCode::OK, "ok\n"),
        "/healthz" => plain(StatusCode::SERVICE_UNAVAILABLE, "capture is stuck\n"),
        "/readyz" if health.is_ready() => plain(StatusCode::OK, "ready\n"),
        "/readyz" => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "probes are not attached yet\n",
        ),
        _ => plain(
            StatusCode::NOT_FOUND,
            "there are /metrics, /healthz, /readyz and /v1/processes\n",
        ),
    }
}

fn seen_processes(telemetry: &Telemetry) -> Response<Full<Bytes>> {
    match serde_json::to_vec(&telemetry.processes.told()) {
        Ok(document) => respond(StatusCode::OK, "application/json", document.into()),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "cannot be told\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(
        status,
        "text/plain; charset=utf-8",
        Bytes::from_static(text.as_bytes()),
    )
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let content_type = hyper::header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn server(health: &Health) -> HealthServer {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        serve(any_port, Telemetry::new(), health.clone(), None)
            .await
            .unwrap()
    }

    /// As in a pod, which has addresses of either kind or of both.
    #[tokio::test]
    async fn every_address_is_served() {
        let everywhere = "[::]:0".parse().unwrap();
        let server = serve(everywhere, Telemetry::new(), Health::new(), None).await;
        let port = server.as_ref().unwrap().address().port();
        let loopback = SocketAddr::from(([127, 0, 0, 1], port));
        let answer = get(loopback, "/healthz").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn metrics_are_served_as_openmetrics() {
        let server = server(&Health::new()).await;
        let answer = get(server.address(), "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"));
        assert!(
            answer.contains("\nllm_tracer_captured_bytes_total 0\n"),
            "{answer}"
        );
        assert!(answer.ends_with("# EOF\n"));
    }

    #[tokio::test]
    async fn calls_by_process_are_served_as_json() {
        let telemetry = Telemetry::new();
        telemetry.processes.count(7, 100, true);
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = serve(any_port, telemetry, Health::new(), None).await;
        let answer = get(server.unwrap().address(), "/v1/processes").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/json"), "{head}");
        let process = r#"{"pid":7,"start_ticks":100,"calls":1,"calls_at_sockets":1}"#;
        assert_eq!(body, format!(r#"{{"processes":[{process}]}}"#));
    }

    #[tokio::test]
    async fn ready_follows_the_probes() {
        let health = Health::new();
        let server = server(&health).await;
        assert!(
            get(server.address(), "/readyz")
                .await
                .starts_with("HTTP/1.1 503")
        );
        assert!(
            get(server.address(), "/healthz")
                .await
                .starts_with("HTTP/1.1 200")
        );
        health.set_ready(true);
        health.beat();
        assert!(
            get(server.address(), "/readyz")
                .await
                .starts_with("HTTP/1.1 200")
        );
        assert!(
            get(server.address(), "/healthz")
                .await
                .starts_with("HTTP/1.1 200")
        );
        assert!(
            get(server.address(), "/other")
                .await
                .starts_with("HTTP/1.1 404")
        );
    }

    #[tokio::test]
    async fn a_port_in_use_is_one_line_that_helps() {
        let server = server(&Health::new()).await;
        let error = serve(server.address(), Telemetry::new(), Health::new(), None)
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&server.address().to_string()), "{text}");
        assert!(
            text.contains("in use") && text.contains("--metrics-listen"),
            "{text}"
        );
        assert!(!text.contains('\n'));
    }
}
