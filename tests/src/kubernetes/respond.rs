//! Answers to single requests.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use futures_util::stream;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::api::{Cluster, Fault};

type Body = UnsyncBoxBody<Bytes, io::Error>;
type Query = HashMap<String, String>;

/// Longest watch, if the client asks for none.
const WATCH: Duration = Duration::from_secs(1800);

pub(super) async fn respond(
    request: Request<Incoming>,
    cluster: Arc<Cluster>,
) -> io::Result<Response<Body>> {
    let uri = request.uri();
    let fault = {
        let mut state = cluster.state();
        let asked = uri.path_and_query().map_or("", |it| it.as_str());
        state.requests.push(asked.to_owned());
        state.always.or_else(|| state.faults.pop_front())
    };
    match fault {
        Some(Fault::Status(status)) => return Ok(refusal(status)),
        Some(Fault::HangUp) => return Err(io::Error::other("hung up")),
        Some(Fault::Slow(time)) => sleep(time).await,
        Some(Fault::Garbage) => return Ok(answer(200, full("{\"kind\":\n"))),
        None => {}
    }
    let authorization = request.headers().get(AUTHORIZATION);
    let expected = format!("Bearer {}", cluster.state().token);
    if authorization.is_none_or(|value| value.as_bytes() != expected.as_bytes()) {
        return Ok(refusal(401));
    }
    let query = query(uri.query().unwrap_or_default());
    let selector = query.get("fieldSelector").map(String::as_str);
    let node = selector.and_then(|it| it.strip_prefix("spec.nodeName="));
    let (true, Some(node)) = (uri.path() == "/api/v1/pods", node) else {
        // All that the role allows, and all that an agent may ask for.
        return Ok(refusal(403));
    };
    Ok(if query.contains_key("watch") {
        watch(&query, node, cluster)
    } else {
        list(&query, node, &cluster)
    })
}

fn list(query: &Query, node: &str, cluster: &Cluster) -> Response<Body> {
    let limit = query.get("limit").and_then(|it| it.parse().ok());
    let from = match query.get("continue") {
        None => 0,
        Some(next) => {
            let number = next.strip_prefix("from=").and_then(|it| it.split_once('&'));
            match number.and_then(|(number, _)| number.parse().ok()) {
                Some(from) if !query.contains_key("resourceVersion") => from,
                _ => return refusal(400),
            }
        }
    };
    let page = cluster
        .state()
        .history
        .page(node, from, limit.unwrap_or(usize::MAX - from));
    answer(200, full(page.to_string()))
}

/// A stream of lines, each in two pieces.
fn watch(query: &Query, node: &str, cluster: Arc<Cluster>) -> Response<Body> {
    let number = |name: &str| query.get(name).and_then(|it| it.parse::<u64>().ok());
    let lasts = number("timeoutSeconds").map_or(WATCH, Duration::from_secs);
    let (now, begun) = {
        let state = cluster.state();
        (state.history.version(), state.watches)
    };
    let watching = Watching {
        node: node.to_owned(),
        position: number("resourceVersion").unwrap_or(now),
        begun,
        until: Instant::now() + lasts,
        waiting: Vec::new(),
        ended: false,
        cluster,
    };
    let pieces = stream::unfold(watching, |mut watching| async move {
        let piece = watching.next().await?;
        Some((Ok(Frame::data(Bytes::from(piece))), watching))
    });
    answer(200, StreamBody::new(pieces).boxed_unsync())
}

/// A watch under way.
struct Watching {
    cluster: Arc<Cluster>,
    node: String,
    position: u64,
    begun: u64,
    until: Instant,
    /// Pieces of lines, the last one first.
    waiting: Vec<String>,
    ended: bool,
}

impl Watching {
    async fn next(&mut self) -> Option<String> {
        let mut happened = self.cluster.happened.subscribe();
        loop {
            if let Some(piece) = self.waiting.pop() {
                return Some(piece);
            }
            if self.ended {
                return None;
            }
            self.look();
            if self.waiting.is_empty() && !self.ended {
                self.ended = timeout_at(self.until, happened.changed()).await.is_err();
            }
        }
    }

    fn look(&mut self) {
        let state = self.cluster.state();
        let mut lines = Vec::new();
        match state.history.since(self.position) {
            Some(events) => {
                for event in events {
                    self.position = event.version;
                    lines.extend(event.line_for(&self.node));
                }
                self.ended = state.watches != self.begun;
            }
            None => {
                let status = status(410, "too old resource version");
                lines.push(format!("{}\n", json!({"type": "ERROR", "object": status})));
                self.ended = true;
            }
        }
        for line in lines.into_iter().rev() {
            let (one, other) = line.split_at(line.len() / 2);
            self.waiting.extend([other.to_owned(), one.to_owned()]);
        }
    }
}

fn query(text: &str) -> Query {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
           "message": message, "reason": "Refused", "code": code})
}

fn refusal(code: u16) -> Response<Body> {
    answer(code, full(status(code, "as the test wants it").to_string()))
}

fn answer(code: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn full(text: impl Into<Bytes>) -> Body {
    let body = Full::new(text.into());
    body.map_err(|never| match never {}).boxed_unsync()
}
