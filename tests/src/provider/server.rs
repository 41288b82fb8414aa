//! Accepts connections and answers requests.

use std::{
    collections::HashSet,
    convert::Infallible,
    hash::{DefaultHasher, Hash, Hasher},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use http_body_util::{BodyExt, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{
    answer::{Answer, Frames},
    anthropic,
    asked::Asked,
    certificate,
    failure::{Failure, Spelling},
    ledger::{Api, Entry, Ledger},
    openai_chat, openai_completions, openai_embeddings, openai_responses,
    script::Script,
};

/// Longest request body taken, bytes.
const MAX_BODY: usize = 32 << 20;

/// What a provider is started with.
#[derive(Debug)]
pub struct Setup {
    /// Port on loopback; 0 for a free one.
    pub port: u16,
    /// Folder for `ca.pem`.
    pub folder: PathBuf,
    /// Planted in answers, tool arguments, error messages and response headers.
    pub secret: String,
    /// Where exchanges are recorded; none for load without bookkeeping.
    pub ledger: Option<Arc<Ledger>>,
}

/// A provider that listens but does not serve yet.
pub struct Server {
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    state: Arc<State>,
    /// Certificate of the authority that clients have to trust.
    pub ca: PathBuf,
}

struct State {
    secret: String,
    ledger: Option<Arc<Ledger>>,
    /// Told apart from other runs: response ids never repeat.
    run: u64,
    sequence: AtomicU64,
    /// Hashes of bodies whose first attempt has failed.
    failed_once: Mutex<HashSet<u64>>,
}

impl Server {
    /// Makes the certificates and binds the port. Needs a tokio runtime.
    pub async fn bind(setup: Setup) -> anyhow::Result<Self> {
        let ca = setup.folder.join("ca.pem");
        let tls = certificate::server_config(&ca)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, setup.port));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let run = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos() as u64);
        let state = State {
            secret: setup.secret,
            ledger: setup.ledger,
            run,
            sequence: AtomicU64::new(0),
            failed_once: Mutex::default(),
        };
        Ok(Self {
            listener,
            tls,
            state: Arc::new(state),
            ca,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until the future is dropped.
    pub async fn serve(self) {
        let acceptor = TlsAcceptor::from(self.tls);
        loop {
            // A failed accept (out of files, say) concerns one client.
            let Ok((stream, peer)) = self.listener.accept().await else {
                continue;
            };
            tokio::spawn(connection(
                acceptor.clone(),
                stream,
                peer.port(),
                Arc::clone(&self.state),
            ));
        }
    }
}

/// Errors end the connection and are the client's to see.
async fn connection(acceptor: TlsAcceptor, stream: TcpStream, client_port: u16, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(state.respond(request, client_port).await) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl State {
    async fn respond(&self, request: Request<Incoming>, client_port: u16) -> Response<Script> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
            return plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large or broke off",
            );
        };
        let body = body.to_bytes();
        let Some(api) = Api::of_path(head.uri.path()).filter(|_| head.method == Method::POST)
        else {
            return other(&head.method, head.uri.path());
        };
        let asked = match Asked::parse(api, &head.headers, &body) {
            Ok(asked) => asked,
            Err(error) => return plain(StatusCode::BAD_REQUEST, &format!("{error:#}")),
        };
        if !asked.options.delay.is_zero() {
            tokio::time::sleep(asked.options.delay).await;
        }
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{:x}{sequence:08x}", self.run);
        let entry = asked.entry(
            &head.headers,
            sequence,
            client_port,
            format!("req_{unique}"),
        );
        match self.failing_status(&asked, &body) {
            Some(status) => self.refuse(&asked, status, entry),
            None => self.answer(&asked, &unique, entry),
        }
    }

    fn failing_status(&self, asked: &Asked, body: &[u8]) -> Option<u16> {
        match asked.options.failure? {
            Failure::Status(status) => Some(status),
            Failure::Once(status) => {
                let mut hasher = DefaultHasher::new();
                body.hash(&mut hasher);
                let hash = hasher.finish();
                let mut failed = self
                    .failed_once
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let first = failed.insert(hash);
                if !first {
                    failed.remove(&hash);
                }
                first.then_some(status)
            }
            Failure::InStream | Failure::Cut => None,
        }
    }

    fn refuse(&self, asked: &Asked, status: u16, mut entry: Entry) -> Response<Script> {
        let spelling = Spelling::of(asked.api, status);
        let message = format!("refused as asked{}", self.secret);
        let body = match asked.api {
            Api::AnthropicMessages => format!(
                r#"{{"type":"error","error":{{"type":"{}","message":"{message}"}},"request_id":"{}"}}"#,
                spelling.kind, entry.request_id
            ),
            _ => format!(
                r#"{{"error":{{"message":"{message}","type":"{}","param":null,"code":{}}}}}"#,
                spelling.kind,
                spelling
                    .code
                    .map_or_else(|| "null".to_owned(), |code| format!("\"{code}\""))
            ),
        };
        entry.status = status;
        entry.error_types = spelling.error_types(Some(status));
        let mut response = self.response(asked, &entry, "application/json");
        if status == 429 || status >= 500 {
            response = response
                .header("retry-after-ms", "20")
                .header(header::RETRY_AFTER, "1");
        }
        self.finish(response, Script::whole(body.into()), entry)
    }

    fn answer(&self, asked: &Asked, unique: &str, entry: Entry) -> Response<Script> {
        let frames = Frames::default();
        let mut answer = Answer {
            asked,
            unique,
            secret: &self.secret,
            entry,
            frames,
        };
        match asked.api {
            Api::OpenAiChat => openai_chat::answer(&mut answer),
            Api::OpenAiCompletions => openai_completions::answer(&mut answer),
            Api::OpenAiEmbeddings => openai_embeddings::answer(&mut answer),
            Api::OpenAiResponses => openai_responses::answer(&mut answer),
            Api::AnthropicMessages => anthropic::answer(&mut answer),
        }
        let Answer {
            mut entry,
            mut frames,
            ..
        } = answer;
        let options = &asked.options;
        let cut = options.failure == Some(Failure::Cut);
        if cut {
            entry.cut_off();
        }
        let whole = !asked.stream && options.split == 1 && !cut;
        if !asked.stream && !whole {
            frames.split(options.split.max(2));
        }
        let stop_after = cut.then_some(frames.len().div_ceil(2));
        let mut pieces = if options.gzip {
            frames.into_gzip_pieces()
        } else {
            frames.into_pieces()
        };
        let script = match (whole, pieces.pop()) {
            (true, Some(piece)) => Script::whole(piece),
            (_, last) => {
                pieces.extend(last);
                Script::pieces(pieces)
                    .paced(options.pace)
                    .stopping_after(stop_after)
            }
        };
        let kind = if asked.stream {
            "text/event-stream; charset=utf-8"
        } else {
            "application/json"
        };
        let mut response = self.response(asked, &entry, kind);
        if options.gzip {
            response = response.header(header::CONTENT_ENCODING, "gzip");
        }
        self.finish(response, script, entry)
    }

    /// Status and the headers that real providers send.
    fn response(&self, asked: &Asked, entry: &Entry, kind: &str) -> hyper::http::response::Builder {
        let id = if asked.api == Api::AnthropicMessages {
            "request-id"
        } else {
            "x-request-id"
        };
        Response::builder()
            .status(entry.status)
            .header(header::CONTENT_TYPE, kind)
            .header(id, &entry.request_id)
            .header(
                header::SET_COOKIE,
                format!("__cf_bm=x{}; path=/; Secure", self.secret),
            )
    }

    fn finish(
        &self,
        response: hyper::http::response::Builder,
        script: Script,
        entry: Entry,
    ) -> Response<Script> {
        let script = match &self.ledger {
            Some(ledger) => script.recorded(Arc::clone(ledger), entry),
            None => script,
        };
        response
            .body(script)
            .unwrap_or_else(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
    }
}

/// What is no inference: a list of models, and data for tests of other traffic.
fn other(method: &Method, path: &str) -> Response<Script> {
    if path == "/v1/models" {
        let body = r#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","owned_by":"local"}]}"#;
        return json(StatusCode::OK, body.to_owned());
    }
    if let Some(bytes) = path
        .strip_prefix("/bulk/")
        .and_then(|bytes| bytes.parse().ok())
    {
        return Response::new(Script::whole(Bytes::from(vec![
            b'x';
            usize::min(bytes, MAX_BODY)
        ])));
    }
    if *method == Method::POST && path == "/bulk" {
        return Response::new(Script::whole(Bytes::from_static(b"taken")));
    }
    plain(StatusCode::NOT_FOUND, "no such path")
}

fn plain(status: StatusCode, message: &str) -> Response<Script> {
    let message = serde_json::Value::from(message);
    json(
        status,
        format!(
            r#"{{"error":{{"message":{message},"type":"invalid_request_error","param":null,"code":null}}}}"#
        ),
    )
}

fn json(status: StatusCode, body: String) -> Response<Script> {
    let mut response = Response::new(Script::whole(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}
