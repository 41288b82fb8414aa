//! Requests in, responses out: reads what was asked, has the API answer, or fails as told.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header};

use super::{
    answer::{Answer, Frames},
    anthropic,
    asked::Asked,
    bedrock_converse,
    called::Called,
    failure::{Failure, Spelling},
    google_generate,
    ledger::{Api, Entry, Ledger},
    ollama_chat, openai_chat, openai_completions, openai_embeddings, openai_responses,
    other::{MAX_BODY, other, plain},
    realtime,
    script::Script,
    xai_chat,
};

/// Answers requests, from all connections at once.
pub struct Responder {
    secret: String,
    ledger: Option<Arc<Ledger>>,
    /// Told apart from other runs: response ids never repeat.
    run: u64,
    sequence: AtomicU64,
    /// How often bodies have failed so far, by their hashes.
    failed: Mutex<HashMap<u64, u32>>,
}

impl Responder {
    /// With a secret in all it says; exchanges go to the ledger if there is one.
    pub fn new(secret: String, ledger: Option<Arc<Ledger>>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            secret,
            ledger,
            run: now.map_or(0, |time| time.as_nanos() as u64),
            sequence: AtomicU64::new(0),
            failed: Mutex::default(),
        }
    }

    /// Answers one request of the client at `client_port`.
    pub async fn respond(&self, request: Request<Incoming>, client_port: u16) -> Response<Script> {
        if realtime::is_handshake(&request) {
            return realtime::open(request, self.unique().1);
        }
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
            return plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large or broke off",
            );
        };
        let body = body.to_bytes();
        let called = Called::of_path(head.uri.path()).filter(|_| head.method == Method::POST);
        let Some(called) = called else {
            return other(&head.method, head.uri.path());
        };
        let asked = match Asked::parse(called, &head.headers, &body) {
            Ok(asked) => asked,
            Err(error) => return plain(StatusCode::BAD_REQUEST, &format!("{error:#}")),
        };
        if !asked.options.delay.is_zero() {
            tokio::time::sleep(asked.options.delay).await;
        }
        let (sequence, unique) = self.unique();
        let entry = asked.entry(&head, sequence, client_port, format!("req_{unique}"));
        match self.failing_status(&asked, &body) {
            Some(status) => self.refuse(&asked, status, entry),
            None => self.answer(&asked, &unique, entry),
        }
    }

    /// The number of the next exchange, alone and told apart from other runs.
    fn unique(&self) -> (u64, String) {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        (sequence, format!("{:x}{sequence:08x}", self.run))
    }

    fn failing_status(&self, asked: &Asked, body: &[u8]) -> Option<u16> {
        match asked.options.failure? {
            Failure::Status(status) => Some(status),
            Failure::Times(status, times) => {
                let mut hasher = DefaultHasher::new();
                body.hash(&mut hasher);
                let hash = hasher.finish();
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                let so_far = failed.entry(hash).or_default();
                if *so_far < times {
                    *so_far += 1;
                    return Some(status);
                }
                failed.remove(&hash);
                None
            }
            Failure::InStream | Failure::Cut => None,
        }
    }

    fn refuse(&self, asked: &Asked, status: u16, mut entry: Entry) -> Response<Script> {
        if asked.api == Api::XaiChat {
            let (code, name) = xai_chat::status(status);
            entry.error_types = vec![name.to_owned()];
            let response = self
                .response(asked, &entry, asked.api.document_type())
                .header(xai_chat::STATUS, code)
                .header("grpc-message", format!("refused as asked{}", self.secret));
            return self.finish(response, Script::pieces(Vec::new()), entry);
        }
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
            Api::GoogleGenerate => google_generate::answer(&mut answer),
            Api::BedrockConverse => bedrock_converse::answer(&mut answer),
            Api::OllamaChat => ollama_chat::answer(&mut answer),
            Api::XaiChat => xai_chat::answer(&mut answer),
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
            (true, Some(piece)) if asked.api.is_read() => Script::whole(piece),
            (_, last) => {
                pieces.extend(last);
                Script::pieces(pieces)
                    .paced(options.pace)
                    .stopping_after(stop_after)
            }
        };
        let script = match asked.api {
            Api::XaiChat => script.ending_with(xai_chat::trailers()),
            _ => script,
        };
        let kind = if asked.stream {
            asked.api.stream_type()
        } else {
            asked.api.document_type()
        };
        let mut response = self.response(asked, &entry, kind);
        if options.gzip {
            response = response.header(header::CONTENT_ENCODING, "gzip");
        }
        self.finish(response, script, entry)
    }

    /// Status and the headers that real providers send.
    fn response(&self, asked: &Asked, entry: &Entry, kind: &str) -> hyper::http::response::Builder {
        Response::builder()
            .status(entry.status)
            .header(header::CONTENT_TYPE, kind)
            .header(asked.api.request_id_header(), &entry.request_id)
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
