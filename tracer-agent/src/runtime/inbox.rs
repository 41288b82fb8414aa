//! Evaluations that other programs post: `POST /v1/evaluations`.
//!
//! ```text
//! {"response_id": "chatcmpl-1", "name": "Relevance", "score": 0.9, "label": "relevant"}
//! [{"trace_id": "4bf9…", "span_id": "00f0…", "name": "Toxicity", "score": 0, "explanation": "…"}, …]
//! ```
//!
//! All of a request is taken, or nothing. What is taken leaves as an event `gen_ai.evaluation.result` of
//! the span that it names.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use serde_json::json;
use tracer_core::{
    correlate::{SpanId, TraceId},
    semconv::{PostedEvaluation, posted_event},
    text::is_invisible,
    time::Timestamp,
};

use crate::{
    export::{
        fanout::Outputs,
        recent::{LeftSpan, NotFound, REMEMBERED, RecentSpans},
    },
    telemetry::Telemetry,
};

/// Where evaluations are posted to.
pub const PATH: &str = "/v1/evaluations";

/// Bytes of a request.
const BODY_BYTES: usize = 256 << 10;
/// Evaluations of a request.
const ITEMS: usize = 256;
/// Bytes of a name, a label or an error.
const NAME_BYTES: usize = 256;
/// Bytes of an explanation.
const EXPLANATION_BYTES: usize = 4 << 10;
/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes evaluations, as long as it is open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox {
    recent: RecentSpans,
    outputs: Arc<Mutex<Option<Outputs>>>,
    telemetry: Telemetry,
}

/// An evaluation as it is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    name: String,
    score: Option<f64>,
    label: Option<String>,
    explanation: Option<String>,
    error_type: Option<String>,
    response_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
}

/// What was taken of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Taken {
    accepted: usize,
    /// Whose explanations stay here: content of their calls may not leave as it is.
    without_explanation: usize,
}

impl Taken {
    fn answer(self) -> serde_json::Value {
        let mut answer = json!({"accepted": self.accepted});
        if self.without_explanation > 0 {
            answer["without_explanation"] = self.without_explanation.into();
        }
        answer
    }
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("post evaluations with the content type application/json")]
    ContentType,
    #[error("the body is larger than {BODY_BYTES} bytes; post fewer evaluations at a time")]
    TooLarge,
    #[error("the body did not come whole, or not in time")]
    Broken,
    #[error("the body is no evaluation, nor a list of them: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("post 1 to {ITEMS} evaluations at a time")]
    Count,
    #[error("evaluation {0}: {1}")]
    Invalid(usize, &'static str),
    #[error(
        "evaluation {0}: no span with this id left lately; the last {REMEMBERED} are known, and a span leaves when its call is over"
    )]
    Unknown(usize),
    #[error(
        "evaluation {0}: several spans have this response_id; name trace_id and span_id instead"
    )]
    Several(usize),
    #[error("the agent is starting or stopping; try again")]
    Closed,
}

impl Refused {
    const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken | Self::NotJson(_) | Self::Count | Self::Invalid(..) => {
                StatusCode::BAD_REQUEST
            }
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Several(_) => StatusCode::CONFLICT,
            Self::Closed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Inbox {
    /// One that is not open yet.
    pub fn new(telemetry: Telemetry) -> Self {
        Self {
            recent: RecentSpans::default(),
            outputs: Arc::default(),
            telemetry,
        }
    }

    /// From here on evaluations are taken of what `outputs` are given.
    pub fn open(&self, outputs: &mut Outputs) {
        outputs.remember(self.recent.clone());
        *self.of_outputs() = Some(outputs.clone());
    }

    /// Nothing more is taken: the outputs may end.
    pub fn close(&self) {
        *self.of_outputs() = None;
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::POST {
            let mut response = respond(
                StatusCode::METHOD_NOT_ALLOWED,
                &json!({"error": "evaluations are posted"}),
            );
            let post = HeaderValue::from_static("POST");
            response.headers_mut().insert(ALLOW, post);
            return response;
        }
        let body = match read(request).await {
            Ok(body) => body,
            Err(refused) => return refuse(&refused),
        };
        match self.take(&body, now()) {
            Ok(taken) => respond(StatusCode::OK, &taken.answer()),
            Err(refused) => refuse(&refused),
        }
    }

    fn take(&self, body: &[u8], now: Timestamp) -> Result<Taken, Refused> {
        let posted = parse(body)?;
        let mut found = Vec::with_capacity(posted.len());
        for (at, evaluation) in posted.iter().enumerate() {
            evaluation
                .check()
                .map_err(|why| Refused::Invalid(at, why))?;
            found.push(self.find(evaluation, at)?);
        }
        let outputs = self.of_outputs().clone().ok_or(Refused::Closed)?;
        let mut taken = Taken::default();
        for (evaluation, span) in posted.iter().zip(found) {
            let told = evaluation.told(span.may_be_quoted);
            taken.accepted += 1;
            taken.without_explanation +=
                usize::from(evaluation.explanation.is_some() && told.explanation.is_none());
            let event = posted_event(span.trace, span.span, now, &told);
            outputs.offer_event(span.process, event);
            self.telemetry.evaluations.received.inc();
        }
        Ok(taken)
    }

    fn find(&self, evaluation: &Posted, at: usize) -> Result<LeftSpan, Refused> {
        let found = match (&evaluation.trace_id, &evaluation.span_id) {
            (Some(trace), Some(span)) => {
                let ids = hex(trace, 32).zip(hex(span, 16));
                let (trace, span) = ids.ok_or(Refused::Invalid(
                    at,
                    "trace_id has 32 hexadecimal digits, span_id 16",
                ))?;
                // Sixteen digits are no more than that.
                let span = u64::try_from(span).unwrap_or_default();
                self.recent.of_span(TraceId(trace), SpanId(span))
            }
            _ => {
                let id = evaluation.response_id.as_deref().unwrap_or_default();
                self.recent.of_answer(id)
            }
        };
        found.map_err(|error| match error {
            NotFound::Unknown => Refused::Unknown(at),
            NotFound::Several => Refused::Several(at),
        })
    }

    fn of_outputs(&self) -> std::sync::MutexGuard<'_, Option<Outputs>> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Posted {
    fn check(&self) -> Result<(), &'static str> {
        let is_word = |text: &str| {
            !text.trim().is_empty() && text.len() <= NAME_BYTES && !text.chars().any(is_invisible)
        };
        let words = [&self.label, &self.error_type, &self.response_id];
        if !is_word(&self.name) || !words.into_iter().flatten().all(|word| is_word(word)) {
            return Err("names, labels and ids are 1 to 256 bytes, without control characters");
        }
        if self.score.is_none() && self.label.is_none() && self.error_type.is_none() {
            return Err("give a score, a label or an error_type");
        }
        let explanation = self.explanation.as_deref().unwrap_or_default();
        if explanation.len() > EXPLANATION_BYTES {
            return Err("an explanation has 4096 bytes at most");
        }
        match (&self.response_id, &self.trace_id, &self.span_id) {
            (None, Some(_), Some(_)) | (Some(_), None, None) => Ok(()),
            _ => Err("name either a response_id, or a trace_id and a span_id"),
        }
    }

    /// What is told of it. An explanation is somebody's own words, which may repeat what was said: it
    /// leaves where that may leave as it is.
    fn told(&self, may_be_quoted: bool) -> PostedEvaluation<'_> {
        PostedEvaluation {
            name: &self.name,
            score: self.score,
            label: self.label.as_deref(),
            explanation: self.explanation.as_deref().filter(|_| may_be_quoted),
            error_type: self.error_type.as_deref(),
            response_id: self.response_id.as_deref(),
        }
    }
}

async fn read(request: Request<Incoming>) -> Result<Bytes, Refused> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // A web page may send other types to this address without asking first.
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refused::ContentType);
    }
    let body = Limited::new(request.into_body(), BODY_BYTES).collect();
    match tokio::time::timeout(PATIENCE, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refused::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Refused::Broken),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since.map_or(0, |since| since.as_nanos());
    Timestamp::from_unix_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// One evaluation, or a list.
fn parse(body: &[u8]) -> Result<Vec<Posted>, Refused> {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let posted = if is_list {
        serde_json::from_slice(body)?
    } else {
        vec![serde_json::from_slice(body)?]
    };
    if posted.is_empty() || posted.len() > ITEMS {
        return Err(Refused::Count);
    }
    Ok(posted)
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok())?
}

fn refuse(refused: &Refused) -> Response<Full<Bytes>> {
    respond(refused.status(), &json!({"error": refused.to_string()}))
}

fn respond(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(format!("{body}\n").into()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
